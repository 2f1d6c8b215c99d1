"""What a calibration must not be: each refusal says which point and what to do."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SAME_PX = 1.0
_SAME_M = 0.05
_FARTHEST_M = 10_000.0
_FLAT = 0.01  # spread across over spread along, below which points count as standing on one line


class BadCalibration(Exception):
    """Calibration points that give no trustworthy map; the text says which and what to do."""


def check_points(px: Floats, metres: Floats) -> None:
    """Refuse points that determine no homography, whatever their residual.

    Args:
        px: pixels, shape (N, 2).
        metres: the same points on the ground, shape (N, 2).

    Raises:
        BadCalibration: not numbers, doubles, far apart, or all but one on one line.
    """
    if not (np.isfinite(px).all() and np.isfinite(metres).all()):
        raise BadCalibration("every pixel and place must be a finite number")
    for places, limit, what in ((px, _SAME_PX, "pixel"), (metres, _SAME_M, "place")):
        apart = np.linalg.norm(places[:, None] - places[None], axis=2) + np.eye(len(places)) * 1e12
        i, j = divmod(int(apart.argmin()), len(places))
        if apart[i, j] < limit:
            raise BadCalibration(f"points {i + 1} and {j + 1} have the same {what}: remove one or correct it")
    if (reach := float(np.linalg.norm(metres, axis=1).max())) > _FARTHEST_M:
        raise BadCalibration(f"the points lie up to {reach / 1000:.0f} km from their centre: check lat and lon")
    for places, where in ((px, "in the picture"), (metres, "on the ground")):
        if _on_line(places):
            raise BadCalibration(f"all points stand on one line {where}: add points to both sides of it")
        for i in range(len(places)):
            # Three of four on a line leave the homography free to tilt about it; so do N - 1 of N.
            if _on_line(np.delete(places, i, axis=0)):
                raise BadCalibration(f"all points but number {i + 1} stand on one line {where}: add one beside it")


def check_solution(matrix: Floats, px: Floats) -> None:
    """Refuse a homography that no camera above the ground can have.

    Raises:
        BadCalibration: no solution, the horizon runs between the points, or left and right are exchanged.
    """
    if not np.isfinite(matrix).all():
        raise BadCalibration("no homography fits the points: check their order")
    w = px @ matrix[2, :2] + matrix[2, 2]
    if not (w > 0).all():
        number = int(w.argmin()) + 1
        raise BadCalibration(
            f"point {number} comes out above the horizon: its place or pixel is wrong, or the order is"
        )
    # y runs down in the picture and north runs up on the map, so every camera that looks at the ground from above
    # turns the sense of rotation: the Jacobian's determinant, det(H) / w^3, is negative.
    if float(np.linalg.det(matrix)) >= 0:
        raise BadCalibration("the map comes out mirrored: lat and lon are exchanged, or two points are")


def worst_point(
    px: Floats,
    metres: Floats,
    residuals: Floats,
    rms_m: float,
    limit_m: float,
    solve: Callable[[Floats, Floats], Floats],
) -> str:
    """The sentence that refuses a bad fit and names the point to look at first.

    With six points or more that is the one without which the rest agree best; one of five cannot be told from the
    others that way (any four agree), so there it is the one with the largest residual.
    """
    n = len(px)
    if n > 5:
        rest_sums = []
        for i in range(n):
            keep = np.arange(n) != i
            matrix = solve(px[keep], metres[keep])
            through = np.column_stack([px[keep], np.ones(n - 1)]) @ matrix.T
            rest_sums.append(float(((through[:, :2] / through[:, 2:] - metres[keep]) ** 2).sum()))
        worst = int(np.nanargmin(rest_sums)) if np.isfinite(rest_sums).any() else int(residuals.argmax())
    else:
        worst = int(np.nan_to_num(residuals, nan=np.inf).argmax())
    return (
        f"the points disagree by {rms_m:.2f} m (limit {limit_m:.2f} m); look at point {worst + 1} first, "
        f"{residuals[worst]:.2f} m off at pixel {px[worst, 0]:.0f}, {px[worst, 1]:.0f}"
    )


def _on_line(places: Floats) -> bool:
    spread = np.linalg.svd(places - places.mean(axis=0), compute_uv=False)
    return bool(len(spread) < 2 or spread[1] < _FLAT * spread[0])
