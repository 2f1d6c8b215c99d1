"""The trade a threshold makes: recall and precision of each class, and false alarms, over a row of scores.

Thresholds in the recipes are chosen from this table. It filters boxes found from a score of 0.001, each class for
itself, so it can differ a little from what `evaluate` says of the shipped threshold.

`python -m models.workshop.thresholds NAME DATA [--quiet DIR]...`
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.detections import Detections
from detector.runtimes import choose
from models.registry import SHIPPED_TOML, ModelEntry, Registry
from models.workshop.dataset import read_ordinary, read_set
from models.workshop.evaluate import corners
from models.workshop.look import Looker, read_rgb
from models.workshop.matching import match

SCORES = tuple(round(0.05 * i, 2) for i in range(2, 15))


def table(entry: ModelEntry, data: Path, quiet: Sequence[Path], runtime: str | None = None) -> str:
    """A line a score: recall and precision a class, image recall, and false alarms per 1,000 of each quiet folder.

    Raises:
        BadDataset: a folder cannot be used.
    """
    looker = Looker(entry, choose(runtime))
    truth, found = [], []
    for item in read_set(data, entry.classes):
        picture = read_rgb(item.picture)
        truth.append(corners(item, (picture.shape[1], picture.shape[0])))
        found.append(looker.at(picture).every)
    raising = np.array([name in entry.raising for name in entry.classes])
    calm = {d: [_best(looker.at(read_rgb(i.picture)).every, raising) for i in read_ordinary(d)] for d in quiet}
    told = [f"{'score':>6} " + " ".join(f"{name:>20}" for name in entry.classes) + "  pictures  false alarms per 1,000"]
    best = [_best(seen, raising) for seen in found]
    for score in SCORES:
        cells = []
        for class_id in range(len(entry.classes)):
            recall, precision = _rates(truth, [seen.where(seen.score >= score) for seen in found], class_id)
            cells.append(f"R {recall:.3f}  P {precision:.3f}".rjust(20))
        alarms = [f"{1000 * np.mean([b >= score for b in row]):.0f} {d.name}" for d, row in calm.items()]
        told.append(f"{score:6.2f} {' '.join(cells)}  {np.mean([b >= score for b in best]):8.3f}  {', '.join(alarms)}")
    return "\n".join(told)


def _best(seen: Detections, raising: NDArray[np.bool_]) -> float:
    return float(seen.score[raising[seen.class_id]].max(initial=0.0))


def _rates(truth: Sequence[NDArray[np.float64]], found: Sequence[Detections], class_id: int) -> tuple[float, float]:
    """Recall and precision of one class."""
    right = shown = there = 0
    for boxes, seen in zip(truth, found, strict=True):
        mine, real = seen.class_id == class_id, boxes[boxes[:, 0] == class_id, 1:]
        right += int(match(seen.xyxy[mine], seen.score[mine], real)[0].sum())
        shown, there = shown + int(mine.sum()), there + len(real)
    return right / max(there, 1), right / max(shown, 1)


def main(arguments: Sequence[str] | None = None) -> None:
    """The thin command line of this step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("data", type=Path)
    parser.add_argument("--quiet", type=Path, action="append", default=[])
    parser.add_argument("--registry", type=Path, default=SHIPPED_TOML)
    parser.add_argument("--runtime", choices=["openvino", "onnx"])
    given = parser.parse_args(arguments)
    entry = Registry.read(given.registry).get(given.model)
    sys.stdout.write(table(entry, given.data, given.quiet, given.runtime) + "\n")


if __name__ == "__main__":
    main()
