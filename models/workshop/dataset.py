"""Pictures with boxes on disk: read, and checked before anything learns from them.

A set is a folder with `images/`, `labels/` (YOLO text: class, centre x, centre y, width, height, relative to
the picture) and `classes.txt` (a name a line, in the order of the ids). A folder of ordinary pictures, which
hold nothing to be found, needs only the pictures, in it or in its `images/`. Classes are matched by name.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
JPEG_START, JPEG_END = b"\xff\xd8", b"\xff\xd9"
JPEG_TAIL_BYTES = 4096
EDGE_SLACK = 0.01

Boxes = NDArray[np.float64]


class BadDataset(Exception):
    """A data set that nothing may be trained on or measured with.

    Attributes:
        problems: one line each, naming the file and, in a label file, the line.
    """

    SHOWN = 20

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        more = len(self.problems) - self.SHOWN
        tail = [f"... and {more} more"] if more > 0 else []
        super().__init__("\n".join([f"{len(self.problems)} problems", *self.problems[: self.SHOWN], *tail]))


@dataclass(frozen=True, slots=True)
class Labelled:
    """One picture and what is known to be in it.

    Attributes:
        picture: the file.
        boxes: [N, 5] float64: class id of the set it was read for, centre x, centre y, width, height,
            all relative to the picture. Empty for an ordinary picture.
    """

    picture: Path
    boxes: Boxes

    def __post_init__(self) -> None:
        if self.boxes.ndim != 2 or self.boxes.shape[1] != 5:
            raise ValueError(f"boxes must have shape (N, 5), got {self.boxes.shape}")


def read_set(folder: Path, classes: Sequence[str]) -> tuple[Labelled, ...]:
    """The pictures of a set with their boxes, ids renumbered to `classes`; other classes are left out.

    Raises:
        BadDataset: with every problem there is, not only the first.
    """
    problems: list[str] = []
    renumber = _renumbering(folder, classes, problems)
    pictures = _pictures(folder / "images", problems)
    names = {picture.stem for picture in pictures}
    labels = sorted((folder / "labels").glob("*.txt"))
    problems += [f"{path}: no picture of that name in {folder / 'images'}" for path in labels if path.stem not in names]
    found = []
    for picture in pictures:
        label = folder / "labels" / f"{picture.stem}.txt"
        _check_decodes(picture, problems)
        found.append(Labelled(picture, _read_label(label, renumber, problems)))
    if pictures and not any(len(item.boxes) for item in found) and not problems:
        problems.append(f"{folder}: not one box of {', '.join(classes)} in {len(pictures)} pictures")
    if problems:
        raise BadDataset(problems)
    return tuple(found)


def class_names(folder: Path) -> tuple[str, ...]:
    """The classes that a set's labels speak of, in the order of their ids.

    Raises:
        BadDataset: the set has no classes.txt.
    """
    path = folder / "classes.txt"
    try:
        return tuple(line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    except OSError as error:
        raise BadDataset([f"{path}: {error.strerror}; it lists the class names, one a line"]) from error


def read_ordinary(folder: Path) -> tuple[Labelled, ...]:
    """Pictures in which there is nothing to be found.

    Raises:
        BadDataset: there are none, or some do not decode.
    """
    problems: list[str] = []
    inner = folder / "images"
    pictures = _pictures(inner if inner.is_dir() else folder, problems)
    for picture in pictures:
        _check_decodes(picture, problems)
    if problems:
        raise BadDataset(problems)
    nothing = np.zeros((0, 5))
    return tuple(Labelled(picture, nothing) for picture in pictures)


def content_hash(items: Iterable[Labelled]) -> str:
    """sha256 over the bytes of all pictures and their boxes, in order; the same data gives the same hash."""
    digest = hashlib.sha256()
    for item in items:
        digest.update(hashlib.sha256(item.picture.read_bytes()).digest())
        digest.update(np.ascontiguousarray(item.boxes).tobytes())
    return digest.hexdigest()


def _pictures(folder: Path, problems: list[str]) -> tuple[Path, ...]:
    found = sorted(path for path in folder.glob("*") if path.suffix.lower() in PICTURE_SUFFIXES)
    if not found:
        problems.append(f"{folder}: no pictures ({', '.join(sorted(PICTURE_SUFFIXES))})")
    return tuple(found)


def _renumbering(folder: Path, classes: Sequence[str], problems: list[str]) -> dict[int, int | None]:
    """Class id in the folder's files to the id in `classes`, or to None where it is not wanted."""
    try:
        names = class_names(folder)
    except BadDataset as error:
        problems.extend(error.problems)
        return {}
    if not set(names) & set(classes):
        problems.append(
            f"{folder / 'classes.txt'}: has none of the classes {', '.join(classes)}, only {', '.join(names)}"
        )
    return {i: classes.index(name) if name in classes else None for i, name in enumerate(names)}


def _read_label(path: Path, renumber: dict[int, int | None], problems: list[str]) -> Boxes:
    """The boxes of one label file; no file means no box."""
    rows: list[list[float]] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    except UnicodeDecodeError:
        problems.append(f"{path}: not a text file")
        lines = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = _read_row(line, renumber)
        except ValueError as error:
            problems.append(f"{path}:{number}: {error}")
            continue
        if row is not None:
            rows.append(row)
    return np.array(rows, np.float64).reshape(-1, 5)


def _read_row(line: str, renumber: dict[int, int | None]) -> list[float] | None:
    """One line of a label file; None when its class is not wanted. Raises ValueError when it is wrong."""
    fields = line.split()
    if len(fields) != 5:
        raise ValueError(f"expected class, centre x, centre y, width, height, got {len(fields)} fields")
    try:
        class_id, box = int(fields[0]), [float(field) for field in fields[1:]]
    except ValueError:
        raise ValueError(f"not numbers: {line.strip()!r}") from None
    if class_id not in renumber:
        raise ValueError(f"class {class_id} is out of range, classes.txt has {len(renumber)} names")
    x, y, w, h = box
    if not (0 < w <= 1 + EDGE_SLACK and 0 < h <= 1 + EDGE_SLACK and 0 <= x <= 1 and 0 <= y <= 1):
        raise ValueError(f"the box does not lie in the picture (all values are shares of it): {fields[1:]}")
    wanted = renumber[class_id]
    return None if wanted is None else [wanted, *box]


def _check_decodes(path: Path, problems: list[str]) -> None:
    data = path.read_bytes()
    if data[:2] == JPEG_START and JPEG_END not in data[-JPEG_TAIL_BYTES:]:
        problems.append(f"{path}: the JPEG ends early")
    elif not data or cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) is None:
        problems.append(f"{path}: does not decode as a picture")
