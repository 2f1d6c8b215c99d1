"""How good a model is, measured on the exported file through the product's own detector. Needs no torch.

Average precision is COCO's (faster-coco-eval), over all boxes from a score of 0.001; precision and recall are
at the shipped thresholds, a box being right from an overlap (intersection over union) of 0.5.

`python -m models.workshop.evaluate NAME DATA [--quiet DIR] [--json]`
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from detector.detections import Detections
from detector.runtimes import choose
from models.registry import SHIPPED_TOML, ModelEntry, Registry
from models.workshop.average_precision import average_precision
from models.workshop.dataset import BadDataset, Labelled, read_ordinary, read_set
from models.workshop.look import Look, Looker, read_rgb
from models.workshop.matching import match

QUIET_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class ClassScore:
    """One class: average precision at IoU 0.5; precision and recall at the shipped threshold. All 0 to 1."""

    ap50: float
    precision: float
    recall: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What `patrol models eval` prints.

    Attributes:
        model: the model's name.
        images: pictures of the data set.
        map50, map50_95: mean over the classes of average precision, at IoU 0.5 and over 0.5 to 0.95.
        classes: the classes that model and data share.
        threshold: the shipped one (the lowest, where classes differ).
        quiet_images: pictures in which nothing should be found; None when none were given.
        false_alarms_per_1000: of them with a box of a class that can raise an incident.
        image_recall_at_5pct: share of the data set's pictures with a box scored above what 5 % of the quiet
            ones reach.
    """

    model: str
    images: int
    map50: float
    map50_95: float
    classes: dict[str, ClassScore]
    threshold: float
    quiet_images: int | None
    false_alarms_per_1000: float | None
    image_recall_at_5pct: float | None


def evaluate(looker: Looker, entry: ModelEntry, data: Path, quiet: Path | None = None) -> Evaluation:
    """Measure a model on a data set.

    Args:
        looker: the model with the runtime to measure it in.
        entry: the model as registered.
        data: folder with images/, labels/ and classes.txt; classes are matched by name, others ignored.
        quiet: folder of pictures in which nothing is to be found, or None.

    Raises:
        BadDataset: data that nothing can be measured with.
    """
    truth = read_set(data, entry.classes)
    calm = () if quiet is None else read_ordinary(quiet)
    sizes, looks = _looks(looker, truth, data.name)
    shared = sorted({int(i) for item in truth for i in item.boxes[:, 0]})
    boxes = [corners(item, size) for item, size in zip(truth, sizes, strict=True)]
    precisions = average_precision(boxes, [look.every for look in looks], shared)
    classes = {}
    for i, per_iou in precisions.items():
        right, shown, there = _counts(boxes, [look.shipped for look in looks], i)
        classes[entry.classes[i]] = ClassScore(
            _rounded(per_iou[0]), _rounded(right / max(shown, 1)), _rounded(right / max(there, 1))
        )
    alarms, recall = _against_quiet(looker, entry, looks, calm)
    return Evaluation(
        model=entry.name,
        images=len(truth),
        map50=_rounded(np.mean([p[0] for p in precisions.values()])),
        map50_95=_rounded(np.mean([p.mean() for p in precisions.values()])),
        classes=classes,
        threshold=min(entry.thresholds[name] for name in classes),
        quiet_images=None if quiet is None else len(calm),
        false_alarms_per_1000=alarms,
        image_recall_at_5pct=recall,
    )


def _looks(looker: Looker, items: Sequence[Labelled], what: str) -> tuple[list[tuple[int, int]], list[Look]]:
    """Sizes (width, height) of the pictures, and what the model says about each."""
    sizes, looks = [], []
    for item in tqdm(items, desc=what, unit="picture", disable=not sys.stderr.isatty()):
        picture = read_rgb(item.picture)
        sizes.append((picture.shape[1], picture.shape[0]))
        looks.append(looker.at(picture))
    return sizes, looks


def corners(item: Labelled, size: tuple[int, int]) -> NDArray[np.float64]:
    """Boxes as class, x1, y1, x2, y2 in pixels, shape (N, 5)."""
    scale = np.array(size)
    centre, half = item.boxes[:, 1:3] * scale, item.boxes[:, 3:5] * scale / 2
    return np.concatenate([item.boxes[:, :1], centre - half, centre + half], axis=1)


def _against_quiet(
    looker: Looker, entry: ModelEntry, looks: Sequence[Look], calm: Sequence[Labelled]
) -> tuple[float | None, float | None]:
    """False alarms a thousand quiet pictures, and the image recall where 5 % of them raise one."""
    if not calm:
        return None, None
    raising = np.array([name in entry.raising for name in entry.classes])
    _, quiet = _looks(looker, calm, "quiet")
    alarms = sum(bool(raising[look.shipped.class_id].any()) for look in quiet)
    best_quiet = np.sort([_best(look.every, raising) for look in quiet])[::-1]
    limit = best_quiet[int(QUIET_SHARE * len(quiet))]
    above = np.mean([_best(look.every, raising) > limit for look in looks])
    return _rounded(1000 * alarms / len(quiet)), _rounded(above)


def _best(found: Detections, raising: NDArray[np.bool_]) -> float:
    """The highest score of a class that can raise an incident; 0 where there is none."""
    return float(found.score[raising[found.class_id]].max(initial=0.0))


def _counts(truth: Sequence[NDArray[np.float64]], found: Sequence[Detections], class_id: int) -> tuple[int, int, int]:
    """Boxes of one class: right, shown, and really there. Best scores choose first, each truth counts once."""
    right = shown = there = 0
    for boxes, seen in zip(truth, found, strict=True):
        wanted = boxes[boxes[:, 0] == class_id, 1:]
        mine = seen.where(seen.class_id == class_id)
        right += int(match(mine.xyxy, mine.score, wanted)[0].sum())
        shown += len(mine)
        there += len(wanted)
    return right, shown, there


def _rounded(value: float | np.floating) -> float:
    return round(float(value), 4)


def as_table(result: Evaluation) -> str:
    """The result for a reader."""
    lines = [
        f"{result.model}: {result.images} pictures, mAP50 {result.map50:.3f}, mAP50-95 {result.map50_95:.3f}",
        f"{'class':20} {'AP50':>6} {'precision':>10} {'recall':>7}   at {result.threshold}",
        *(f"{name:20} {s.ap50:6.3f} {s.precision:10.3f} {s.recall:7.3f}" for name, s in result.classes.items()),
    ]
    if result.quiet_images is not None:
        lines.append(
            f"{result.quiet_images} quiet pictures: {result.false_alarms_per_1000:.0f} false alarms per 1,000; "
            f"image recall {result.image_recall_at_5pct:.3f} where 5 % of them raise one"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """The thin command line of this step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("data", type=Path)
    parser.add_argument("--quiet", type=Path)
    parser.add_argument("--registry", type=Path, default=SHIPPED_TOML, help="of a candidate, before it is shipped")
    parser.add_argument("--runtime", choices=["openvino", "onnx"])
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    entry = Registry.read(given.registry).get(given.model)
    try:
        result = evaluate(Looker(entry, choose(given.runtime)), entry, given.data, given.quiet)
    except BadDataset as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write((json.dumps(asdict(result)) if given.json else as_table(result)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
