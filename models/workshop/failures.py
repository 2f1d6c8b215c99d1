"""What a model gets wrong, counted and drawn, for the words in its card.

Sheets show every picture with a failure: real things in green (missed ones thick), false boxes in red. They hold
pictures that may not be published, so they go into a folder outside the tree.

`python -m models.workshop.failures NAME DATA --sheets FOLDER [--quiet DIR]`
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.detections import Detections
from detector.runtimes import choose
from models.registry import SHIPPED_TOML, Registry
from models.workshop.dataset import Labelled, read_ordinary, read_set
from models.workshop.evaluate import corners
from models.workshop.look import Looker, Picture, read_rgb
from models.workshop.matching import match

CELL_PX = 320
COLUMNS, ROWS = 5, 4
GREEN, RED = (0, 160, 0), (220, 0, 0)


@dataclass(frozen=True, slots=True)
class Failure:
    """One picture and what is wrong with it.

    Attributes:
        picture: RGB, [H, W, 3].
        truth: class, x1, y1, x2, y2 of the real things, (N, 5); `missed` marks those not found, (N,).
        wrong: the boxes that hit nothing of their class.
    """

    picture: Picture
    truth: NDArray[np.float64]
    missed: NDArray[np.bool_]
    wrong: Detections


def failures(looker: Looker, items: Sequence[Labelled]) -> Iterator[Failure]:
    """The pictures in which something is missed or something wrong is shown, at the shipped thresholds."""
    for item in items:
        picture = read_rgb(item.picture)
        truth = corners(item, (picture.shape[1], picture.shape[0]))
        seen = looker.at(picture).shipped
        missed, wrong = np.ones(len(truth), bool), np.ones(len(seen), bool)
        for class_id in range(len(seen.names)):
            mine, real = seen.class_id == class_id, truth[:, 0] == class_id
            right, met = match(seen.xyxy[mine], seen.score[mine], truth[real, 1:])
            wrong[mine], missed[real] = ~right, ~met
        if missed.any() or wrong.any():
            yield Failure(picture, truth, missed, seen.where(wrong))


def draw(failure: Failure) -> Picture:
    """The picture in a square cell, with its boxes."""
    height, width = failure.picture.shape[:2]
    scale = CELL_PX / max(height, width)
    cell = np.full((CELL_PX, CELL_PX, 3), 255, np.uint8)
    small = cv2.resize(failure.picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    cell[: small.shape[0], : small.shape[1]] = small
    for row, missed in zip(failure.truth, failure.missed, strict=True):
        x1, y1, x2, y2 = (int(v * scale) for v in row[1:])
        cv2.rectangle(cell, (x1, y1), (x2, y2), GREEN, 4 if missed else 1)
    for xyxy, score, name in zip(failure.wrong.xyxy, failure.wrong.score, failure.wrong.class_names(), strict=True):
        x1, y1, x2, y2 = (int(v * scale) for v in xyxy)
        cv2.rectangle(cell, (x1, y1), (x2, y2), RED, 2)
        cv2.putText(cell, f"{name} {score:.2f}", (x1 + 2, y1 + 12), cv2.FONT_HERSHEY_SIMPLEX, 0.4, RED, 1)
    return cell


def write_sheets(cells: Sequence[Picture], folder: Path, name: str) -> list[Path]:
    """Contact sheets of five by four cells."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    empty = np.full((CELL_PX, CELL_PX, 3), 255, np.uint8)
    for start in range(0, len(cells), COLUMNS * ROWS):
        page = [*cells[start : start + COLUMNS * ROWS]]
        page += [empty] * (COLUMNS * ROWS - len(page))
        rows = [np.hstack(page[i : i + COLUMNS]) for i in range(0, len(page), COLUMNS)]
        path = folder / f"{name}-{start // (COLUMNS * ROWS):02d}.png"
        cv2.imwrite(str(path), cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR))
        written.append(path)
    return written


def main(arguments: Sequence[str] | None = None) -> int:
    """The thin command line of this step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("data", type=Path)
    parser.add_argument("--quiet", type=Path)
    parser.add_argument("--sheets", type=Path, required=True)
    parser.add_argument("--registry", type=Path, default=SHIPPED_TOML)
    given = parser.parse_args(arguments)
    entry = Registry.read(given.registry).get(given.model)
    looker = Looker(entry, choose())
    sets = {"data": read_set(given.data, entry.classes)}
    if given.quiet is not None:
        sets["quiet"] = read_ordinary(given.quiet)
    for what, items in sets.items():
        found = list(failures(looker, items))
        missed, wrong = sum(int(f.missed.sum()) for f in found), sum(len(f.wrong) for f in found)
        pages = write_sheets([draw(f) for f in found], given.sheets, f"{entry.name}-{what}")
        sys.stdout.write(f"{what}: {len(items)} pictures, {missed} missed, {wrong} wrong; {len(pages)} sheets\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
