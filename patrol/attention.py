"""What makes a camera on patrol look twice: a thing in or near a zone that was not there before.

This decides only how closely a camera is looked at, never what is a violation: it errs on the side of looking.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import shapely

from detector.detections import Detections
from detector.observation import Box
from rules.boxes import iou
from rules.kinds import PERMIT
from rules.zone import CameraRules
from streams.clock import FrameClock

SAME_PLACE_IOU = 0.5
"""Lower than the rules' own figure: a thing that might have stayed is looked at, the rules say whether it did."""

NEAR = 0.15
"""Of the box's height: so near to a zone its ground point may be measured inside in another look."""

_MISSED = 2
"""Looks in a row without a known thing until it is forgotten: detectors miss one now and then."""


@dataclass(slots=True)
class _Known:
    box: Box
    missed: int = 0


class Attention:
    """Knows what stands in the zones of one camera and was looked at closely before.

    Args:
        rules: the camera's zones; permitted ones draw no attention by themselves.
    """

    def __init__(self, rules: CameraRules) -> None:
        self._zones = [zone for zone in rules.zones if zone.kind.rule != PERMIT]
        self._known: list[_Known] = []

    def strangers(self, found: Detections, clock: FrameClock) -> tuple[Box, ...]:
        """Things in this look that are in or near a zone which is in force, and are not known; ages what is known."""
        boxes = [(_box(found, row), name) for row, name in enumerate(found.class_names())]
        for known in self._known:
            seen = [box for box, _ in boxes if iou(known.box, box) >= SAME_PLACE_IOU]
            known.missed = 0 if seen else known.missed + 1
        self._known = [known for known in self._known if known.missed < _MISSED]
        near = [box for box, name in boxes if self._concerns(box, name, clock)]
        return tuple(b for b in near if all(iou(k.box, b) < SAME_PLACE_IOU for k in self._known))

    def accept(self, boxes: Sequence[Box]) -> None:
        """These were looked at closely; they draw no attention while they stay."""
        for box in boxes:
            self.forget(box)
            self._known.append(_Known(box))

    def forget(self, box: Box) -> None:
        """Whatever is at this place from now on is new."""
        self._known = [known for known in self._known if iou(known.box, box) < SAME_PLACE_IOU]

    def _concerns(self, box: Box, name: str, clock: FrameClock) -> bool:
        left, _, right, bottom = box
        # The whole lower edge: what lies rather than stands counts by its footprint.
        ground = shapely.LineString([(left, bottom), (right, bottom)])
        reach = NEAR * (bottom - box[1])
        return any(
            name in zone.classes
            and shapely.dwithin(zone.shape, ground, reach)
            and zone.holds_at(clock.captured_at) is not False
            for zone in self._zones
        )


def came_to_stand(before: Sequence[Sequence[Box]], now: Sequence[Box]) -> tuple[Box, ...]:
    """Which of the things seen now were at about the same place in one of the looks before."""
    return tuple(box for box in now if any(iou(box, old) >= SAME_PLACE_IOU for look in before for old in look))


def _box(found: Detections, row: int) -> Box:
    left, top, right, bottom = found.xyxy[row].tolist()
    return left, top, right, bottom
