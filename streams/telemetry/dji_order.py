"""Whether `GPS(a, b, n)` means latitude or longitude first.

Most models write longitude first; the Matrice 300 writes latitude first, and a height with its unit as third number.
The file itself is asked before the family is believed: range, distance from home, speed over ground.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import median

from streams.geo import GeoPoint
from streams.telemetry.dji_fields import Fields, Pair
from streams.telemetry.track import distance_m, place

LAT_LON, LON_LAT = "lat,lon", "lon,lat"

_CLEARLY = 3.0
"""One order explains the file this many times better than the other, or nothing is decided by it."""

_LEAST_M, _LEAST_ROWS = 5.0, 3


def order_of(rows: Sequence[Fields]) -> tuple[str, str]:
    """The order, and by what it was decided, in words.

    Args:
        rows: cues of one file, of which at least one has `gps`.
    """
    pairs = [row.gps for row in rows if row.gps is not None]
    if lettered := next((pair.order for pair in pairs if pair.order), ""):
        return lettered, "by its letters"
    fits = {order: sum(_read(pair, order) is not None for pair in pairs) for order in (LAT_LON, LON_LAT)}
    if fits[LAT_LON] != fits[LON_LAT]:
        return max(fits, key=lambda order: fits[order]), "the other way round there is no such latitude"
    for measured, why in ((_home_error, "by its distance from home"), (_speed_error, "by its speed over ground")):
        if (order := _decided(rows, measured)) is not None:
            return order, why
    # A unit on the third number is the Matrice's mark; without it, it counts satellites.
    if median(pair.metres for pair in pairs) and not any(row.home for row in rows):
        return LAT_LON, "as the Matrice 300 writes it, with a height as third number"
    return LON_LAT, "as most models write it"


def read_as(pair: Pair, order: str) -> GeoPoint | None:
    """The place, or None where the numbers are none in that order."""
    return _read(pair, pair.order or order)


def _read(pair: Pair, order: str) -> GeoPoint | None:
    return place(pair.a, pair.b) if order == LAT_LON else place(pair.b, pair.a)


def _decided(rows: Sequence[Fields], measured: Callable[[Sequence[Fields], str], list[float]]) -> str | None:
    off = {order: measured(rows, order) for order in (LAT_LON, LON_LAT)}
    if min(map(len, off.values())) < _LEAST_ROWS:
        return None
    best, worst = sorted(off, key=lambda order: median(off[order]))
    enough = median(off[worst]) > max(_LEAST_M, _CLEARLY * median(off[best]))
    return best if enough else None


def _home_error(rows: Sequence[Fields], order: str) -> list[float]:
    """How far the written distance from home is off the computed one, metres a row."""
    errors = []
    for row in rows:
        if row.gps is None or row.home is None or row.distance_m is None:
            continue
        here, home = _read(row.gps, order), _read(row.home, order)
        if here is not None and home is not None:
            errors.append(abs(distance_m(home, here) - row.distance_m))
    return errors


def _speed_error(rows: Sequence[Fields], order: str) -> list[float]:
    """How far the written speed is off the way from row to row, metres in each pair of rows one second apart."""
    errors = []
    for before, row in pairwise(rows):
        if before.gps is None or row.gps is None or row.speed_m_s is None or before.speed_m_s is None:
            continue
        a, b = _read(before.gps, order), _read(row.gps, order)
        if a is not None and b is not None and (step_s := _step_s(before, row)):
            errors.append(abs(distance_m(a, b) - step_s * (row.speed_m_s + before.speed_m_s) / 2))
    return errors


def _step_s(before: Fields, row: Fields) -> float:
    if row.time is not None and before.time is not None:
        return abs((row.time - before.time).total_seconds())
    return row.step_s or 1.0
