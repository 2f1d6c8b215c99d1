"""What a new model gains and loses against the old one, picture by picture, before it is promoted.

OLD and NEW are names of the registry, or registry files of one candidate each, as `export` prints them.

`python -m models.workshop.compare OLD NEW DATA [--json]`
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.runtimes import choose
from models.registry import ModelEntry, Registry, UnknownModel
from models.workshop.dataset import BadDataset, class_names, read_set
from models.workshop.evaluate import corners
from models.workshop.look import Looker, Picture, read_rgb
from models.workshop.matching import match


@dataclass(frozen=True, slots=True)
class Difference:
    """One picture on which the two models differ, at each one's shipped thresholds. Counts of boxes.

    Attributes:
        picture: file name.
        found: real things that only the new model finds.
        lost: real things that only the old one finds.
        quieter: false boxes fewer than before, or 0.
        louder: false boxes more than before, or 0.
    """

    picture: str
    found: int
    lost: int
    quieter: int
    louder: int


def compare(old: ModelEntry, new: ModelEntry, data: Path, runtime: str | None = None) -> tuple[Difference, ...]:
    """The pictures of a data set on which two models differ; classes are those that both and the data have.

    Raises:
        BadDataset: the data cannot be used, or the three share no class.
    """
    labelled = class_names(data)
    classes = [name for name in old.classes if name in new.classes and name in labelled]
    if not classes:
        raise BadDataset([f"{old.name}, {new.name} and {data} share no class"])
    lookers = [Looker(entry, choose(runtime)) for entry in (old, new)]
    found = []
    for item in read_set(data, classes):
        picture = read_rgb(item.picture)
        truth = corners(item, (picture.shape[1], picture.shape[0]))
        (met_old, wrong_old), (met_new, wrong_new) = (_judge(x, picture, truth, classes) for x in lookers)
        gained, lost = int((met_new & ~met_old).sum()), int((met_old & ~met_new).sum())
        if gained or lost or wrong_old != wrong_new:
            quieter, louder = max(0, wrong_old - wrong_new), max(0, wrong_new - wrong_old)
            found.append(Difference(item.picture.name, gained, lost, quieter, louder))
    return tuple(found)


def _judge(
    looker: Looker, picture: Picture, truth: NDArray[np.float64], classes: Sequence[str]
) -> tuple[NDArray[np.bool_], int]:
    """Which real things one model finds, and how many of its boxes hit nothing."""
    seen = looker.at(picture).shipped
    names = np.array(seen.class_names(), dtype=object)
    met, wrong = np.zeros(len(truth), bool), 0
    for class_id, name in enumerate(classes):
        mine, real = np.asarray(names == name, bool), truth[:, 0] == class_id
        right, met[real] = match(seen.xyxy[mine], seen.score[mine], truth[real, 1:])
        wrong += int((~right).sum())
    return met, wrong


def entry_of(text: str) -> ModelEntry:
    """The model of that name, or the only one in a registry file.

    Raises:
        UnknownModel: the name is unknown, or the file lists none or several.
    """
    if not text.endswith(".toml"):
        return Registry.shipped().get(text)
    registry = Registry.read(Path(text))
    if len(registry.entries) != 1:
        raise UnknownModel(f"the only one in {text}", registry.names)
    return next(iter(registry))


def as_table(differences: Sequence[Difference]) -> str:
    """The differences for a reader, worst losses first."""
    ordered = sorted(differences, key=lambda d: (-d.lost, -d.louder, d.picture))
    lines = [f"{'picture':40} {'found':>6} {'lost':>6} {'quieter':>8} {'louder':>7}"]
    lines += [f"{d.picture:40} {d.found:6} {d.lost:6} {d.quieter:8} {d.louder:7}" for d in ordered]
    sums = [sum(getattr(d, key) for d in differences) for key in ("found", "lost", "quieter", "louder")]
    lines.append(f"{f'{len(differences)} pictures differ':40} {sums[0]:6} {sums[1]:6} {sums[2]:8} {sums[3]:7}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """The thin command line of this step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("data", type=Path)
    parser.add_argument("--runtime", choices=["openvino", "onnx"])
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    try:
        found = compare(entry_of(given.old), entry_of(given.new), given.data, given.runtime)
    except (BadDataset, UnknownModel) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    told = json.dumps([asdict(d) for d in found]) if given.json else as_table(found)
    sys.stdout.write(told + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
