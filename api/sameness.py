"""Same thing, one case: reports of one thing by several sources become one case, and a wrong merge can be undone.

Two reports are one thing when they have the same category, lie within the category's radius and both errors of each
other, and within its time. One camera knows its own things apart, so two of its reports are never one; two citizens
point too roughly for a program to join them. The report without evidence keeps its own row and number in state
`merged`, the other gets a `join`; nothing is thrown away.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.case_moves import CaseRules, move
from api.cases import Place
from api.moves import MOVES, OPEN, SYSTEM, Actor, CaseState, Move, Order
from api.tables import CaseRow

EARTH_M = 6_371_000.0


@dataclass(frozen=True, slots=True)
class Nearness:
    """How near two reports must be to be of one thing; defaults unverified."""

    radius_m: float
    within: timedelta


NEARNESS: Mapping[str, Nearness] = MappingProxyType(
    {
        "0501": Nearness(20.0, timedelta(minutes=30)),
        "0504": Nearness(15.0, timedelta(hours=2)),
        "0505": Nearness(6.0, timedelta(minutes=30)),
        "0506": Nearness(10.0, timedelta(minutes=30)),
        "0507": Nearness(15.0, timedelta(hours=12)),
        "0102": Nearness(15.0, timedelta(hours=12)),
        "0103": Nearness(25.0, timedelta(hours=24)),
        "0123": Nearness(25.0, timedelta(hours=1)),
    }
)


def find_same(session: Session, row: CaseRow) -> CaseRow | None:
    """The nearest open case of another source that shows what this one shows."""
    near = NEARNESS.get(row.category)
    if near is None or row.lat is None or row.lon is None:
        return None
    here = Place(row.lat, row.lon, row.error_m or 0.0)
    # Nobody's error is larger than this in the search; the distance itself is measured below.
    reach = near.radius_m + here.error_m + 200.0
    north = math.degrees(reach / EARTH_M)
    east = north / max(0.01, math.cos(math.radians(here.lat)))
    others = select(CaseRow).where(
        CaseRow.id != row.id,
        CaseRow.category == row.category,
        CaseRow.state.in_([state.value for state in OPEN]),
        CaseRow.lat.between(here.lat - north, here.lat + north),
        CaseRow.lon.between(here.lon - east, here.lon + east),
        CaseRow.raised_at.between(row.raised_at - near.within, row.raised_at + near.within),
    )
    found = []
    for other in session.scalars(others):
        if other.camera == row.camera:  # also two of the public, which have none
            continue
        there = Place(other.lat or 0.0, other.lon or 0.0, other.error_m or 0.0)
        distance_m = metres(here, there)
        if distance_m <= near.radius_m + here.error_m + there.error_m:
            found.append((distance_m, other.created, other.id, other))
    return min(found)[3] if found else None


def merge_new(session: Session, row: CaseRow, rules: CaseRules, now: datetime) -> bool:
    """Let a report that just came in and the case that is there already become one.

    Returns:
        Whether the new one is a mere source of the old; False also where the new one, which has the evidence, took the
        old one in.
    """
    same = find_same(session, row)
    if same is None:
        return False
    newer_leads = bool(row.camera) and not same.camera and same.state in MOVES[Move.MERGE].leads
    source, case = (same, row) if newer_leads else (row, same)
    order = Order(Move.MERGE, "same category, place and time", {"into": case.id})
    move_both(session, source.id, order, SYSTEM, rules, now, None)
    return not newer_leads


def move_both(
    session: Session, case_id: str, order: Order, actor: Actor, rules: CaseRules, now: datetime, expected: int | None
) -> CaseRow:
    """Make a move; a merge and its undoing are also written into the other case. Raises what `move` raises."""
    before = session.get(CaseRow, case_id)
    into = before.merged_into if before is not None else None
    row = move(session, case_id, order, actor, rules, now, expected)
    if order.move is Move.MERGE and row.merged_into:
        join = Order(Move.JOIN, order.reason, {"from": case_id})
        move(session, row.merged_into, join, actor, rules, now, None)
    elif order.move is Move.UNMERGE and into:
        move(session, into, Order(Move.PART, order.reason, {"from": case_id}), actor, rules, now, None)
    return row


def repeats(session: Session, place: Place, category: str, since: datetime, until: datetime) -> int:
    """How many cases of a category a spot had, those that turned out to be none left out: repeat offenders."""
    near = NEARNESS.get(category, Nearness(15.0, timedelta()))
    north = math.degrees(near.radius_m / EARTH_M)
    east = north / max(0.01, math.cos(math.radians(place.lat)))
    query = select(func.count()).where(
        CaseRow.category == category,
        CaseRow.state.not_in([CaseState.MERGED.value, CaseState.DISMISSED.value]),
        CaseRow.lat.between(place.lat - north, place.lat + north),
        CaseRow.lon.between(place.lon - east, place.lon + east),
        CaseRow.raised_at.between(since, until),
    )
    return session.scalar(query) or 0


def metres(a: Place, b: Place) -> float:
    """Distance on the sphere, by the haversine."""
    phi, psi = math.radians(a.lat), math.radians(b.lat)
    half = math.sin((psi - phi) / 2) ** 2
    half += math.cos(phi) * math.cos(psi) * math.sin(math.radians(b.lon - a.lon) / 2) ** 2
    return 2 * EARTH_M * math.asin(min(1.0, math.sqrt(half)))
