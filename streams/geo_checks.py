"""What a calibration must not be: each refusal says which point and what to do."""

import numpy as np

from streams.geo_solve import Floats, distances, rms, solve

_SAME_PX = 1.0
_SAME_M = 0.05
_FARTHEST_M = 10_000.0
_OUTLIER = 5.0  # times the limit, for a point that was left out
_BETTER_WITHOUT = 3.0  # times, that the others agree better
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


def check_fit(px: Floats, metres: Floats, residuals: Floats, left_out_m: Floats, limit_m: float) -> None:
    """Refuse points that contradict one another.

    Args:
        px: shape (N, 2).
        metres: shape (N, 2).
        residuals: of the fit over all, shape (N,).
        left_out_m: see `left_out`; empty with four points, which cannot contradict one another.
        limit_m: on the rms.

    Raises:
        BadCalibration: the rms is above the limit; or one point lies far from where the others put it, and these agree
            much better without it: such a point may hold a corner alone and bend the map there without a residual.
    """
    if not len(left_out_m):
        return
    rest = [rms(_distances_without(px, metres, i)) for i in range(len(px))]
    all_rms = rms(residuals)
    if not all_rms <= limit_m:
        # Of five, any four agree: nothing but the residual tells them apart. Of more, the one that spoils the rest.
        order = np.asarray(rest) if len(px) > 5 else -residuals
        worst = int(np.nan_to_num(order, nan=np.inf).argmin())
        raise BadCalibration(
            f"the points disagree by {all_rms:.2f} m (limit {limit_m:.2f} m); look at point {worst + 1} first, "
            f"{residuals[worst]:.2f} m off at pixel {px[worst, 0]:.0f}, {px[worst, 1]:.0f}"
        )
    if len(px) > 5:
        for i, off_m in enumerate(left_out_m):
            if off_m > _OUTLIER * limit_m and rest[i] < all_rms / _BETTER_WITHOUT:
                raise BadCalibration(
                    f"point {i + 1} lies {off_m:.1f} m from where the others put it; look at point {i + 1} first, "
                    f"at pixel {px[i, 0]:.0f}, {px[i, 1]:.0f}"
                )


def left_out(px: Floats, metres: Floats) -> Floats:
    """How far each point lies from where a fit without it puts it, shape (N,), metres; NaN where there is none."""
    found = np.full(len(px), np.nan)
    for i in range(len(px)):
        rest = np.arange(len(px)) != i
        try:
            check_points(px[rest], metres[rest])
        except BadCalibration:
            continue
        found[i] = distances(solve(px[rest], metres[rest]), px[i : i + 1], metres[i : i + 1])[0]
    return found


def _distances_without(px: Floats, metres: Floats, i: int) -> Floats:
    rest = np.arange(len(px)) != i
    return distances(solve(px[rest], metres[rest]), px[rest], metres[rest])


def _on_line(places: Floats) -> bool:
    spread = np.linalg.svd(places - places.mean(axis=0), compute_uv=False)
    return bool(len(spread) < 2 or spread[1] < _FLAT * spread[0])
