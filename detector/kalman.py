"""Where boxes will be: constant velocity with noise, for many boxes at once and any time between looks."""

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float64]

# In lengths of the box (square root of its area), so that near and far things behave alike.
_SEEN_AT = 0.05  # error of a detected edge or side
_SPEED = np.array([2.0, 2.0, 0.0, 0.0])  # of a thing just seen, lengths a second: a person runs, a car crosses
_CHANGE = np.array([0.5, 0.5, 0.0, 0.0])  # of the speed within a second
# Sides have no speed: a walker in front makes a car's box shrink for a second, and it must not go on shrinking.
_RESIZE = np.array([0.0, 0.0, 0.3, 0.3])  # of a side within a second


class BoxMotion:
    """Positions and speeds of N boxes: a Kalman filter for each of centre x, centre y, width and height.

    The four are independent, so a covariance is three numbers and everything is elementwise. The centre moves by white
    noise acceleration, the sides wander (Bar-Shalom, Li and Kirubarajan, Estimation with Applications to Tracking and
    Navigation, 2001, section 6.2).
    """

    def __init__(self) -> None:
        self._at, self._speed = np.empty((0, 4)), np.empty((0, 4))
        # Variance of the position, covariance of position and speed, variance of the speed.
        self._pp, self._pv, self._vv = np.empty((0, 4)), np.empty((0, 4)), np.empty((0, 4))

    def __len__(self) -> int:
        return len(self._at)

    def boxes(self) -> Boxes:
        """Left, top, right, bottom as predicted, shape (N, 4)."""
        centre, half = self._at[:, :2], np.maximum(self._at[:, 2:], 1.0) / 2
        return np.concatenate([centre - half, centre + half], axis=1)

    def add(self, xyxy: Boxes) -> None:
        """Take new boxes, shape (K, 4), at rest and of unknown speed, behind the others."""
        at = _centred(xyxy)
        length2 = _length2(at)
        zero = np.zeros_like(at)
        self._at, self._speed = np.concatenate([self._at, at]), np.concatenate([self._speed, zero])
        self._pp = np.concatenate([self._pp, zero + _SEEN_AT**2 * length2])
        self._pv = np.concatenate([self._pv, zero])
        self._vv = np.concatenate([self._vv, zero + _SPEED**2 * length2])

    def predict(self, dt_s: NDArray[np.float64]) -> None:
        """Let time pass, shape (N,), seconds, each box its own."""
        dt = dt_s[:, None]
        length2 = _length2(self._at)
        noise, wander = _CHANGE**2 * length2, _RESIZE**2 * length2
        self._at = self._at + dt * self._speed
        self._pp = self._pp + dt * (2 * self._pv + dt * (self._vv + dt * noise / 3) + wander)
        self._pv = self._pv + dt * (self._vv + dt * noise / 2)
        self._vv = self._vv + dt * noise

    def correct(self, rows: NDArray[np.int64], xyxy: Boxes) -> None:
        """Those rows were seen, shape (K,), at these boxes, shape (K, 4)."""
        seen = _centred(xyxy)
        pp, pv = self._pp[rows], self._pv[rows]
        total = pp + _SEEN_AT**2 * _length2(seen)
        gain_at, gain_speed = pp / total, pv / total
        miss = seen - self._at[rows]
        self._at[rows] += gain_at * miss
        self._speed[rows] += gain_speed * miss
        self._vv[rows] -= gain_speed * pv
        self._pp[rows] = pp * (1 - gain_at)
        self._pv[rows] = pv * (1 - gain_at)

    def keep(self, mask: NDArray[np.bool_]) -> None:
        """Forget the rows that `mask`, shape (N,), leaves out."""
        self._at, self._speed = self._at[mask], self._speed[mask]
        self._pp, self._pv, self._vv = self._pp[mask], self._pv[mask], self._vv[mask]


def _centred(xyxy: Boxes) -> Boxes:
    return np.concatenate([(xyxy[:, :2] + xyxy[:, 2:]) / 2, xyxy[:, 2:] - xyxy[:, :2]], axis=1)


def _length2(at: Boxes) -> Boxes:
    sides: Boxes = np.maximum(at[:, 2:], 1.0)
    return sides[:, :1] * sides[:, 1:]
