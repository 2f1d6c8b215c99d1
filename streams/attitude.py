"""Attitudes as rotations: yaw clockwise from north, then pitch up, then roll to the right (aerospace order Z-Y-X).

Axes of the ground: north, east, down. Axes of a body: forward, right, down. (MISB ST 0601 and DJI count so, and so does
B. L. Stevens, F. L. Lewis, Aircraft Control and Simulation, 3rd edition, section 1.3.)
"""

import math

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def rotation(yaw_deg: float, pitch_deg: float, roll_deg: float) -> Matrix:
    """Shape (3, 3): turns a body's axes into those of what its angles are counted from."""
    y, p, r = (math.radians(v) for v in (yaw_deg, pitch_deg, roll_deg))
    about_down = np.array([[math.cos(y), -math.sin(y), 0], [math.sin(y), math.cos(y), 0], [0, 0, 1.0]])
    about_right = np.array([[math.cos(p), 0, math.sin(p)], [0, 1.0, 0], [-math.sin(p), 0, math.cos(p)]])
    about_forward = np.array([[1.0, 0, 0], [0, math.cos(r), -math.sin(r)], [0, math.sin(r), math.cos(r)]])
    turned: Matrix = about_down @ about_right @ about_forward
    return turned


def angles_of(turned: Matrix) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees of a rotation; straight up or down all turning counts as yaw."""
    pitch = math.asin(max(-1.0, min(1.0, -float(turned[2, 0]))))
    if abs(math.cos(pitch)) < 1e-9:
        return math.degrees(math.atan2(-turned[0, 1], turned[1, 1])), math.degrees(pitch), 0.0
    yaw, roll = math.atan2(turned[1, 0], turned[0, 0]), math.atan2(turned[2, 1], turned[2, 2])
    return math.degrees(yaw), math.degrees(pitch), math.degrees(roll)
