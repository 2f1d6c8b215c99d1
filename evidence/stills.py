"""Pictures of an incident at its moments: the whole scene, and the thing itself at full resolution."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.observation import Box
from streams.clock import FrameClock
from streams.decode import UndecodableRange, decode_around
from streams.frame import Frame
from streams.packets import StreamPacket

FAR, NEAR, REFERENCE = "far", "near", "reference"
JPEG_QUALITY = 90
MARGIN = 0.3
"""The near picture shows this share of the box's longer side around it, so that the place stays recognisable."""
TOLERANCE_S = 1.0
"""A picture further from its moment than this does not show the moment."""
_LEADING = 16
"""So many packets after a key frame may hold pictures that are shown before it."""
_REORDER_S = 0.6
"""Pictures that lean on later ones come with those: no camera holds a picture back for longer."""


@dataclass(frozen=True, slots=True)
class Still:
    """One picture of the packet.

    Attributes:
        name: of the file, without a folder.
        moment: what it shows: `arrival`, `middle`, `verdict`, ...
        view: `far` (whole scene), `near` (the thing) or `reference` (the landmark).
        wanted_s: media time of the moment.
        clock: of the picture taken for it.
        size_px: width and height of this picture.
        box_px: the thing, in a reference picture the landmark, in this picture's own pixels.
        jpeg: the file.
    """

    name: str
    moment: str
    view: str
    wanted_s: float
    clock: FrameClock
    size_px: tuple[int, int]
    box_px: Box
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class MissingStill:
    """A picture that should be there and is not, and why, in words."""

    moment: str
    view: str
    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Stills:
    """What could be taken, and what could not."""

    taken: tuple[Still, ...]
    missing: tuple[MissingStill, ...]


def take(
    packets: Sequence[StreamPacket],
    moments: Mapping[str, float],
    box_px: Box,
    size_px: tuple[int, int],
    camera: str,
    reference_px: Box | None = None,
) -> Stills:
    """Decode the pictures at some moments and make a far and a near JPEG of each.

    Args:
        packets: of the incident's range, in decoding order.
        moments: name to media time, seconds.
        box_px: the thing, in pixels of `size_px`.
        size_px: the picture that boxes refer to; the stream's own may be larger or smaller.
        camera: id of the camera.
        reference_px: a landmark that never moves, in pixels of `size_px`; None: there is no reference view.

    Returns:
        For each moment each view, or for each missing one the reason: nothing is invented, and a picture of another
        moment is never given for the wanted one.
    """
    boxes = {NEAR: box_px} | ({REFERENCE: reference_px} if reference_px is not None else {})
    views = (FAR, *boxes)
    try:
        frames = decode_around(_needed(packets, list(moments.values())), list(moments.values()), camera=camera)
    except UndecodableRange as problem:
        why = [_nothing(moment, view, problem.why) for moment in moments for view in views]
        return Stills((), tuple(why))
    taken: list[Still] = []
    missing: list[MissingStill] = []
    for (moment, wanted_s), frame in zip(moments.items(), frames, strict=True):
        off_s = frame.clock.media_s - wanted_s
        if abs(off_s) > TOLERANCE_S:
            missing += [_too_far(moment, view, off_s) for view in views]
            continue
        rgb = frame.to_rgb()
        box = scaled(box_px, size_px, frame.size_px)
        taken.append(_far(moment, wanted_s, frame, rgb, box))
        for view, wanted_px in boxes.items():
            part = _part(moment, view, wanted_s, frame, rgb, scaled(wanted_px, size_px, frame.size_px))
            if isinstance(part, Still):
                taken.append(part)
            else:
                missing.append(part)
    return Stills(tuple(taken), tuple(missing))


def _needed(packets: Sequence[StreamPacket], wanted_s: Sequence[float]) -> list[StreamPacket]:
    """Without what follows the last wanted moment of each group of pictures: decoding it is most of the cost."""
    starts = [i for i, packet in enumerate(packets) if packet.is_key]
    needed: list[StreamPacket] = list(packets[: starts[0]]) if starts else list(packets)
    for first, end in pairwise([*starts, len(packets)]):
        group = packets[first:end]
        moments = [at for at in wanted_s if group[0].clock.media_s <= at <= group[-1].clock.media_s]
        following = packets[end : end + _LEADING]
        open_group = any(packet.clock.media_s < following[0].clock.media_s for packet in following)
        if moments and not open_group:  # pictures before an open group's key frame lean on the group before
            last = max(i for i, packet in enumerate(group) if packet.clock.media_s <= max(moments) + _REORDER_S)
            group = group[: last + 1]
        needed += group
    return needed


def scaled(box_px: Box, size_px: tuple[int, int], real_px: tuple[int, int]) -> Box:
    """A box of a picture of `size_px` in one of `real_px`, both (width, height)."""
    x, y = real_px[0] / size_px[0], real_px[1] / size_px[1]
    left, top, right, bottom = box_px
    return left * x, top * y, right * x, bottom * y


def _far(moment: str, wanted_s: float, frame: Frame, rgb: NDArray[np.uint8], box: Box) -> Still:
    return Still(f"{moment}-far.jpg", moment, FAR, wanted_s, frame.clock, frame.size_px, box, _jpeg(rgb))


def _part(
    moment: str, view: str, wanted_s: float, frame: Frame, rgb: NDArray[np.uint8], box: Box
) -> Still | MissingStill:
    width, height = frame.size_px
    left, top, right, bottom = box
    margin = MARGIN * max(right - left, bottom - top)
    x0, y0 = max(0, int(left - margin)), max(0, int(top - margin))
    x1, y1 = min(width, int(right + margin) + 1), min(height, int(bottom + margin) + 1)
    if x1 <= x0 or y1 <= y0:
        return MissingStill(
            moment, view, f"the box {box} lies outside the picture of {width}x{height}", "目标框位于画面之外"
        )
    inside = (left - x0, top - y0, right - x0, bottom - y0)
    crop = np.ascontiguousarray(rgb[y0:y1, x0:x1])
    size = (x1 - x0, y1 - y0)
    return Still(f"{moment}-{view}.jpg", moment, view, wanted_s, frame.clock, size, inside, _jpeg(crop))


def _jpeg(rgb: NDArray[np.uint8]) -> bytes:
    done, encoded = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise ValueError(f"OpenCV could not make a JPEG of a picture of shape {rgb.shape}")
    return encoded.tobytes()


def _nothing(moment: str, view: str, why: str) -> MissingStill:
    return MissingStill(moment, view, f"no picture could be decoded: {why}", "无法解码任何画面")


def _too_far(moment: str, view: str, off_s: float) -> MissingStill:
    side = ("later", "晚") if off_s > 0 else ("earlier", "早")
    return MissingStill(
        moment,
        view,
        f"the nearest picture was taken {abs(off_s):.1f} s {side[0]}",
        f"最接近的画面比该时刻{side[1]} {abs(off_s):.1f} 秒",
    )
