"""Homographies as plain arrays: solving for one, and sending points through it."""

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def solve(px: Floats, metres: Floats) -> Floats:
    """The homography of points, shape (3, 3): a direct linear transform, refined by least squares on the ground.

    Source: R. Hartley, A. Zisserman, Multiple View Geometry, 2nd edition, chapter 4 (`cv2.findHomography`).

    Args:
        px: shape (N, 2), N of 4 or more.
        metres: the same points on the ground, shape (N, 2).

    Returns:
        The matrix, of norm 1, scaled so that the third coordinate is positive at the points' centre; NaN when there
        is no solution.
    """
    # OpenCV's stubs promise a matrix; it gives None where there is no solution.
    matrix = cast("Floats | None", cv2.findHomography(px, metres, 0)[0])
    if matrix is None:
        return np.full((3, 3), np.nan)
    towards_us = np.sign(float(matrix[2] @ np.array([*px.mean(axis=0), 1.0])))
    return np.asarray(matrix / np.linalg.norm(matrix) * towards_us, np.float64)


def project(matrix: Floats, points: Floats) -> Floats:
    """Points, shape (N, 2), through a homography; NaN where the third coordinate is not positive."""
    through = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    w = np.where(through[:, 2] > 0, through[:, 2], np.nan)
    return np.asarray(through[:, :2] / w[:, None], np.float64)


def distances(matrix: Floats, px: Floats, metres: Floats) -> Floats:
    """How far each point lies from where the homography puts its pixel, shape (N,), metres."""
    return np.asarray(np.linalg.norm(project(matrix, px) - metres, axis=1), np.float64)


def rms(residuals: Floats) -> float:
    """Root of the sum of squares over N - 4: a homography's eight parameters use up four points. 0 for four."""
    spare = len(residuals) - 4
    return float(np.sqrt((residuals**2).sum() / spare)) if spare > 0 else 0.0
