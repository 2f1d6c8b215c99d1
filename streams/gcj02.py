"""GCJ-02, the shifted coordinates of Chinese base maps: only at the edges, everything inside is WGS 84.

The formula is the one published with `eviltransform` (github.com/googollee/eviltransform, MIT), which agrees with the
maps within half a metre; it holds for the mainland, elsewhere nothing is shifted. The way back has no closed form and
is found by iteration to a millimetre.
"""

import math

from streams.geo import GeoPoint

_A_M, _E2 = 6_378_245.0, 0.006_693_421_622_965_943  # Krassowsky 1940
_ROUNDS = 12


def to_gcj02(point: GeoPoint) -> GeoPoint:
    """Where a WGS 84 place lies on a Chinese map."""
    if not _in_china(point):
        return point
    north, east = _shift(point)
    return GeoPoint(point.lat + north, point.lon + east)


def to_wgs84(point: GeoPoint) -> GeoPoint:
    """The place that a Chinese map shows at these coordinates."""
    if not _in_china(point):
        return point
    found = point
    for _ in range(_ROUNDS):
        north, east = _shift(found)
        found = GeoPoint(point.lat - north, point.lon - east)
    return found


def _in_china(point: GeoPoint) -> bool:
    return 0.8293 <= point.lat <= 55.8271 and 72.004 <= point.lon <= 137.8347


def _shift(point: GeoPoint) -> tuple[float, float]:
    """Degrees north and east by which a place is shifted."""
    x, y = point.lon - 105.0, point.lat - 35.0
    root, waves = math.sqrt(abs(x)), (20 * math.sin(6 * x * math.pi) + 20 * math.sin(2 * x * math.pi)) * 2 / 3
    north = -100.0 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + waves
    north += (20 * math.sin(y * math.pi) + 40 * math.sin(y / 3 * math.pi)) * 2 / 3
    north += (160 * math.sin(y / 12 * math.pi) + 320 * math.sin(y / 30 * math.pi)) * 2 / 3
    east = 300.0 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + waves
    east += (20 * math.sin(x * math.pi) + 40 * math.sin(x / 3 * math.pi)) * 2 / 3
    east += (150 * math.sin(x / 12 * math.pi) + 300 * math.sin(x / 30 * math.pi)) * 2 / 3
    phi = math.radians(point.lat)
    w = 1 - _E2 * math.sin(phi) ** 2
    to_north = (_A_M * (1 - _E2)) / (w * math.sqrt(w)) * math.pi
    to_east = _A_M / math.sqrt(w) * math.cos(phi) * math.pi
    return north * 180 / to_north, east * 180 / to_east
