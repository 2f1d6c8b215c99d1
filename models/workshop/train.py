"""Training of one recipe on ultralytics, which may be stopped at any moment and goes on where it was.

    RUNS/NAME/run.json      recipe and data hash: a run only goes on with the same ones
             /resume.pt     after each epoch, replaced whole, so a kill while writing costs nothing
             /epochs.csv    losses and validation, a line an epoch
             /best.pt       the epoch with the best validation, once all epochs are done

`python -m models.workshop.train NAME --data FOLDER --weights FOLDER --runs FOLDER [--epochs N]`
"""

import argparse
import hashlib
import json
import logging
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from models.workshop.dataset import BadDataset
from models.workshop.merge import merged_folder
from models.workshop.recipe import BadRecipe, Recipe, Training, UntrustedWeights, read_recipe

log = logging.getLogger(__name__)

UNUSED = {"plots": False, "amp": False, "cache": False, "exist_ok": True, "deterministic": True, "verbose": True}


class OtherRun(Exception):
    """The run's folder holds another recipe or other data; nothing is mixed."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder} was begun with another recipe, data or start weights; "
            "move it away to begin anew, or give another --runs folder"
        )


def train(recipe: Recipe, data: Path, weights: Path, runs: Path, *, epochs: int | None = None) -> Path:
    """Train a recipe from where its run stands.

    Args:
        recipe: one with [data] and [training].
        data: folder that its data folders are relative to.
        weights: folder of its start weights.
        runs: where runs and merged data stand; outside the source tree.
        epochs: stop after so many in all; the schedule stays that of the whole recipe. None runs all.

    Returns:
        The run's folder. `best.pt` in it is the result once every epoch was run.

    Raises:
        BadDataset: the data fails its check; training does not begin.
        UntrustedWeights: the start weights are not those the recipe names.
        OtherRun: the folder belongs to another recipe or other data.
    """
    if recipe.training is None:
        raise ValueError(f"recipe {recipe.name} has no [training]: it is only exported")
    start = recipe.start_weights(weights)
    merged = merged_folder(recipe, data, runs / "data")
    folder = runs / recipe.name
    _claim(folder, recipe, json.loads((merged / "data.json").read_text(encoding="utf-8"))["sha256"])
    if (folder / "best.pt").exists():
        log.info("%s: all epochs are done", folder)
        return folder
    _run(recipe.training, start, merged / "data.yaml", folder, epochs)
    return folder


def _claim(folder: Path, recipe: Recipe, data_sha256: str) -> None:
    """Note what the run is of, or check that it is the same as before."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = recipe.model_dump(mode="json", exclude={"thresholds", "version", "raising", "license", "input_size"})
    about = {"recipe": kept, "data_sha256": data_sha256}
    path = folder / "run.json"
    if path.exists() and json.loads(path.read_text(encoding="utf-8")) != about:
        raise OtherRun(folder)
    path.write_text(json.dumps(about, indent=1), encoding="utf-8")


def _run(training: Training, start: Path, data_yaml: Path, folder: Path, epochs: int | None) -> None:
    """Hand over to ultralytics, with our checkpoints and without its network habits."""
    os.environ["YOLO_OFFLINE"] = "True"
    os.environ["YOLO_CONFIG_DIR"] = str(folder)
    os.environ["OMP_NUM_THREADS"] = os.environ.get("OMP_NUM_THREADS", "2")
    from ultralytics import YOLO

    resume = folder / "resume.pt"
    last = folder / "ultralytics" / "weights" / "last.pt"
    if resume.exists():
        last.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(resume, last)
        # A kill between an epoch's line and its checkpoint leaves a line that will come again.
        shutil.copyfile(folder / "epochs.csv", folder / "ultralytics" / "results.csv")
    model = YOLO(last if resume.exists() else start)
    model.add_callback("on_model_save", _keeper(folder))
    model.add_callback("on_fit_epoch_end", _stopper(epochs))
    if training.precision == "bfloat16":
        _compute_in_bfloat16()
    if resume.exists():
        model.train(resume=True)
    else:
        model.train(**_arguments(training, data_yaml, folder))
    if epochs is None or epochs >= training.epochs:
        _finish(folder)


def _arguments(training: Training, data_yaml: Path, folder: Path) -> dict[str, Any]:
    """The recipe in ultralytics' words."""
    return UNUSED | {
        "data": str(data_yaml),
        "epochs": training.epochs,
        "imgsz": training.image_size,
        "batch": training.batch,
        "nbs": training.update_after,
        "seed": training.seed,
        "optimizer": training.optimizer,
        "lr0": training.learning_rate,
        "cos_lr": True,
        "warmup_epochs": training.warmup_epochs,
        "close_mosaic": training.close_mosaic,
        "patience": training.epochs,
        "device": "cpu",
        "workers": 0,  # ultralytics prepares pictures in the training process on a CPU, whatever is asked
        "project": str(folder),
        "name": "ultralytics",
        **training.augmentation,
    }


def _keeper(folder: Path) -> Any:
    """A callback that copies each epoch's checkpoint so that it is there whole or not at all."""

    def keep(trainer: Any) -> None:
        shutil.copyfile(trainer.csv, folder / "epochs.csv")
        half_written = folder / "resume.part"
        shutil.copyfile(trainer.last, half_written)
        half_written.replace(folder / "resume.pt")

    return keep


def _stopper(epochs: int | None) -> Any:
    """A callback that ends the run early without changing the learning-rate schedule."""

    def stop(trainer: Any) -> None:
        if epochs is not None and trainer.epoch + 1 >= epochs:
            trainer.stop = True

    return stop


def _compute_in_bfloat16() -> None:
    """Make ultralytics' trainer compute in bfloat16 on this processor.

    Its own mixed precision is for graphics cards only. Measured on an EPYC with avx512_bf16, two cores: 0.93 s
    instead of 1.93 s for a batch of 16 pictures of 416 px.
    """
    import torch
    from ultralytics.engine import trainer

    def autocast(*_: object, **__: object) -> Any:
        return torch.autocast("cpu", dtype=torch.bfloat16)

    trainer.autocast = autocast


def _finish(folder: Path) -> None:
    best = folder / "ultralytics" / "weights" / "best.pt"
    half_written = folder / "best.part"
    shutil.copyfile(best, half_written)
    half_written.replace(folder / "best.pt")
    log.info("%s: sha256 %s", folder / "best.pt", hashlib.sha256(best.read_bytes()).hexdigest())


def main(arguments: Sequence[str] | None = None) -> int:
    """The thin command line of this step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--epochs", type=int)
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        recipe = read_recipe(given.recipe)
        train(recipe, given.data, given.weights, given.runs, epochs=given.epochs)
    except (BadRecipe, BadDataset, UntrustedWeights, OtherRun) as error:
        log.error("%s", error)
        return 2
    except FileNotFoundError as error:
        log.error("%s: no such file; the recipe names it, and --weights and --data say where it lies", error.filename)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
