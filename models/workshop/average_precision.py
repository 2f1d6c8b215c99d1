"""COCO's average precision. The one file that imports faster-coco-eval."""

import logging
from collections.abc import Sequence

import numpy as np
from faster_coco_eval import COCO, COCOeval_faster
from numpy.typing import NDArray

from detector.detections import Detections

MOST_BOXES = 300
AREA_ALL = 0

log = logging.getLogger(__name__)


def average_precision(
    truth: Sequence[NDArray[np.float64]], found: Sequence[Detections], class_ids: Sequence[int]
) -> dict[int, NDArray[np.float64]]:
    """Average precision of each class at the ten overlaps 0.50, 0.55 ... 0.95.

    Args:
        truth: for each picture its boxes, (N, 5): class, x1, y1, x2, y2 in pixels.
        found: for each picture all boxes, from the lowest score on; the best 300 count.
        class_ids: the classes to measure.

    Returns:
        Class id to ten values, 0 to 1.
    """
    reference = COCO(_as_coco(truth, class_ids))
    rows = [
        [picture, *xyxy[:2], *(xyxy[2:] - xyxy[:2]), score, class_id]
        for picture, seen in enumerate(found)
        for xyxy, score, class_id in zip(seen.xyxy, seen.score, seen.class_id, strict=True)
        if class_id in class_ids
    ]
    if not rows:
        return {i: np.zeros(10) for i in class_ids}
    results = reference.loadRes(np.array(rows, np.float64))
    measured = COCOeval_faster(reference, results, "bbox", print_function=log.debug)
    measured.params.maxDets = [1, 10, MOST_BOXES]
    measured.evaluate()
    measured.accumulate()
    precision = np.asarray(measured.eval["precision"])  # [overlap, recall, class, area, most boxes]
    order = list(measured.params.catIds)
    return {i: precision[:, :, order.index(i), AREA_ALL, -1].mean(axis=1) for i in class_ids}


def _as_coco(truth: Sequence[NDArray[np.float64]], class_ids: Sequence[int]) -> dict[str, list[dict[str, object]]]:
    boxes: list[dict[str, object]] = []
    for picture, rows in enumerate(truth):
        for class_id, x1, y1, x2, y2 in rows:
            box = [x1, y1, x2 - x1, y2 - y1]
            area = (x2 - x1) * (y2 - y1)
            known = {"image_id": picture, "category_id": int(class_id), "bbox": box, "area": area}
            boxes.append(known | {"id": len(boxes) + 1, "iscrowd": 0})
    return {
        "images": [{"id": i} for i in range(len(truth))],
        "annotations": boxes,
        "categories": [{"id": i, "name": str(i)} for i in class_ids],
    }
