"""From weights to the one ONNX file that the product runs (its form: `models.workshop.graph`).

`python -m models.workshop.export NAME --weights FOLDER [--checkpoint FILE] --out FILE`
"""

import argparse
import hashlib
import json
import logging
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import onnx
import tomlkit

from models.workshop.graph import NotYolov8, to_contract
from models.workshop.recipe import BadRecipe, Recipe, UntrustedWeights, read_recipe

log = logging.getLogger(__name__)


def export(recipe: Recipe, weights: Path, out: Path, checkpoint: Path | None = None) -> str:
    """Write the model of a recipe as ONNX.

    Args:
        recipe: what to make; its classes, thresholds, version and license go into the metadata.
        weights: folder of the start weights.
        out: where the file goes; replaced whole or not at all.
        checkpoint: weights that `train` made from this recipe; None cuts the model from the start weights.

    Returns:
        The sha256 of the file, for the registry.

    Raises:
        UntrustedWeights: the start weights are not those of the recipe.
        NotYolov8: the weights are of another family.
        BadRecipe: the recipe is one that trains, and no checkpoint was given.
    """
    if checkpoint is None and not recipe.start.rows:
        raise BadRecipe(f"{recipe.name} is trained: give the checkpoint that training made (best.pt of its run)")
    if checkpoint is None:
        source = onnx.load(recipe.start_weights(weights))
        rows = list(recipe.start.rows.values())
    else:
        source = _checkpoint_as_onnx(checkpoint, recipe.input_size)
        rows = list(range(len(recipe.classes)))
    model = to_contract(source, rows, _metadata(recipe))
    data = model.SerializeToString(deterministic=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    half_written = out.with_suffix(".part")
    half_written.write_bytes(data)
    half_written.replace(out)
    digest = hashlib.sha256(data).hexdigest()
    log.info("%s: %.1f MB, sha256 %s", out, len(data) / 1e6, digest)
    return digest


def registry_entry(recipe: Recipe, sha256: str) -> str:
    """The `[models.NAME]` table for registry.toml."""
    table: dict[str, object] = {
        "file": f"weights/{recipe.name}.onnx",
        "sha256": sha256,
        "version": recipe.version,
        "input_size": recipe.input_size,
        "stride": 32,
        "license": recipe.license,
        "card": f"cards/{recipe.name}.md",
        "classes": list(recipe.classes),
        "raising": list(recipe.raising or recipe.classes),
    }
    if recipe.tiles is not None:
        table["tile_px"] = recipe.tiles.side_px
    table["thresholds"] = recipe.class_thresholds
    return tomlkit.dumps({"models": {recipe.name: table}})


def _metadata(recipe: Recipe) -> dict[str, str]:
    return {
        "names": json.dumps(list(recipe.classes)),
        "thresholds": json.dumps(recipe.class_thresholds),
        "task": "detect",
        "stride": "32",
        "input_size": str(recipe.input_size),
        "model": recipe.name,
        "version": recipe.version,
        "license": recipe.license,
        "card": f"cards/{recipe.name}.md",
    }


def _checkpoint_as_onnx(checkpoint: Path, size: int) -> onnx.ModelProto:
    """A checkpoint of our own training as ultralytics' ONNX, dynamic in size."""
    from ultralytics import YOLO

    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "weights.pt"  # ultralytics writes beside what it reads
        copy.write_bytes(checkpoint.read_bytes())
        written = YOLO(copy).export(format="onnx", dynamic=True, imgsz=size, opset=17, simplify=False)
        return onnx.load(written)


def main(arguments: Sequence[str] | None = None) -> int:
    """The thin command line of this step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        recipe = read_recipe(given.recipe)
        digest = export(recipe, given.weights, given.out, given.checkpoint)
    except (BadRecipe, UntrustedWeights, NotYolov8, FileNotFoundError) as error:
        log.error("%s", error)
        return 2
    sys.stdout.write(registry_entry(recipe, digest))
    return 0


if __name__ == "__main__":
    sys.exit(main())
