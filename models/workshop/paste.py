"""Things cut out of their pictures and put into ordinary ones.

Stalls are rare in our pictures, ordinary streets are not. Each boxed thing is cut out (GrabCut, Rother et
al. 2004, started from its box; a soft-edged rectangle where that finds little), and put onto streets smaller,
mirrored and lit differently. After Dwibedi et al. 2017 ("Cut, Paste and Learn"): blending matters less than
that the blending varies, so the detector cannot learn the seam.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.workshop.dataset import Boxes, Labelled
from models.workshop.recipe import Paste

Picture = NDArray[np.uint8]
Alpha = NDArray[np.float32]

LEAST_CUTOUT_PX = 80
GRABCUT_SIDE_PX = 240
GRABCUT_ROUNDS = 4
LEAST_COVER = 0.35
FEATHERED_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class Cutout:
    """A thing without its surroundings: `picture` [h, w, 3] BGR, `alpha` [h, w] 0 to 1, its class id."""

    picture: Picture
    alpha: Alpha
    class_id: int


def cut_out(items: Sequence[Labelled], rng: np.random.Generator) -> tuple[Cutout, ...]:
    """Every boxed thing of the pictures that is large enough, cut out."""
    found = []
    for item in items:
        picture = cv2.imread(str(item.picture), cv2.IMREAD_COLOR)
        if picture is None:
            raise ValueError(f"{item.picture} does not decode")
        height, width = picture.shape[:2]
        for class_id, x, y, w, h in item.boxes:
            x1, y1 = max(0, round((x - w / 2) * width)), max(0, round((y - h / 2) * height))
            x2, y2 = min(width, round((x + w / 2) * width)), min(height, round((y + h / 2) * height))
            if min(x2 - x1, y2 - y1) < LEAST_CUTOUT_PX:
                continue
            crop = np.ascontiguousarray(picture[y1:y2, x1:x2], np.uint8)
            feathered = rng.random() < FEATHERED_SHARE
            alpha = _feather(crop) if feathered else _grab(np.asarray(picture, np.uint8), (x1, y1, x2, y2))
            found.append(_tight(Cutout(crop, alpha, int(class_id))))
    return tuple(found)


def compose(
    street: Picture, cutouts: Sequence[Cutout], paste: Paste, rng: np.random.Generator
) -> tuple[Picture, Boxes]:
    """One street picture with one to `paste.most` things put in.

    Returns:
        The picture and its boxes [N, 5] as `Labelled` has them.
    """
    canvas = street.copy()
    boxes: list[NDArray[np.float64]] = []
    height, width = canvas.shape[:2]
    for _ in range(rng.integers(1, paste.most + 1)):
        thing = _varied(cutouts[int(rng.integers(len(cutouts)))], rng)
        share = rng.uniform(*paste.height_share)
        scale = min(share * height / thing.picture.shape[0], 0.9 * width / thing.picture.shape[1])
        thing = _scaled(thing, scale)
        h, w = thing.alpha.shape
        x1 = int(rng.integers(0, width - w + 1))
        # Farther things are smaller and stand higher: feet from just under the middle down to the edge.
        feet = (0.5 + 0.5 * min(1.0, share / paste.height_share[1])) * rng.uniform(0.85, 1.0)
        y1 = int(np.clip(feet * height - h, 0, height - h))
        box = np.array([thing.class_id, (x1 + w / 2) / width, (y1 + h / 2) / height, w / width, h / height])
        if any(_overlap(box, other) > 0.1 for other in boxes):
            continue
        _blend(canvas[y1 : y1 + h, x1 : x1 + w], thing)
        boxes.append(box)
    return canvas, np.array(boxes, np.float64).reshape(-1, 5)


def _feather(crop: Picture) -> Alpha:
    """A rectangle whose edges fade over a twelfth of its shorter side."""
    height, width = crop.shape[:2]
    edge = max(3, min(height, width) // 12)
    across = np.minimum(np.arange(width), np.arange(width)[::-1]) / edge
    down = np.minimum(np.arange(height), np.arange(height)[::-1]) / edge
    return np.asarray(np.clip(np.minimum(down[:, None], across[None]), 0, 1), np.float32)


def _grab(picture: Picture, box: tuple[int, int, int, int]) -> Alpha:
    """GrabCut inside a box; a feathered rectangle where it keeps too little."""
    x1, y1, x2, y2 = box
    margin = max(8, (x2 - x1) // 6)
    top, left = max(0, y1 - margin), max(0, x1 - margin)
    around = picture[top : y2 + margin, left : x2 + margin]
    scale = min(1.0, GRABCUT_SIDE_PX / max(around.shape[:2]))
    small = cv2.resize(around, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    x, y = round((x1 - left) * scale), round((y1 - top) * scale)
    w, h = round((x2 - x1) * scale), round((y2 - y1) * scale)
    mask = np.zeros(small.shape[:2], np.uint8)
    models = np.zeros((2, 1, 65))
    inside = (max(1, x), max(1, y), min(w, small.shape[1] - x - 2), min(h, small.shape[0] - y - 2))
    cv2.setRNGSeed(0)
    cv2.grabCut(small, mask, inside, models[0], models[1], GRABCUT_ROUNDS, cv2.GC_INIT_WITH_RECT)
    kept = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.float32)[y : y + h, x : x + w]
    crop = picture[y1:y2, x1:x2]
    if kept.size == 0 or kept.mean() < LEAST_COVER:
        return _feather(crop)
    soft = cv2.GaussianBlur(cv2.resize(kept, (x2 - x1, y2 - y1)), (0, 0), 1.5)
    return np.asarray(soft, np.float32)


def _tight(thing: Cutout) -> Cutout:
    """The cutout without empty margins, so that its box is its own."""
    rows, columns = (np.flatnonzero(thing.alpha.max(axis=axis) > 0.5) for axis in (1, 0))
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return Cutout(thing.picture[part], thing.alpha[part], thing.class_id)


def _varied(thing: Cutout, rng: np.random.Generator) -> Cutout:
    """Mirrored by chance, lit differently."""
    picture, alpha = thing.picture, thing.alpha
    if rng.random() < 0.5:
        picture, alpha = picture[:, ::-1], alpha[:, ::-1]
    gain, lift = rng.uniform(0.7, 1.25), rng.uniform(-25, 25)
    lit = np.clip(picture * gain + lift, 0, 255).astype(np.uint8)
    return Cutout(lit, np.ascontiguousarray(alpha), thing.class_id)


def _scaled(thing: Cutout, scale: float) -> Cutout:
    size = (max(8, int(thing.alpha.shape[1] * scale)), max(8, int(thing.alpha.shape[0] * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    picture = np.asarray(cv2.resize(thing.picture, size, interpolation=how), np.uint8)
    alpha = np.asarray(cv2.resize(thing.alpha, size, interpolation=how), np.float32)
    return Cutout(picture, alpha, thing.class_id)


def _blend(place: Picture, thing: Cutout) -> None:
    weight = thing.alpha[..., None]
    place[:] = (place * (1 - weight) + thing.picture * weight).astype(np.uint8)


def _overlap(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Intersection over the smaller area, of boxes [class, x, y, w, h]."""
    low = np.maximum(a[1:3] - a[3:5] / 2, b[1:3] - b[3:5] / 2)
    high = np.minimum(a[1:3] + a[3:5] / 2, b[1:3] + b[3:5] / 2)
    return float(np.prod(np.clip(high - low, 0, None)) / min(np.prod(a[3:5]), np.prod(b[3:5])))
