"""Finding cases: one by its id, many by what they are, where and when."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from api.case_moves import history
from api.cases import Case, NoSuchCase, case_of
from api.moves import CaseState, Track
from api.tables import CaseRow


@dataclass(frozen=True, slots=True)
class Bounds:
    """A box on the map, degrees WGS 84, in the order of RFC 7946: west, south, east, north.

    Raises:
        ValueError: a number is no degree, or south lies north of north.
    """

    west: float
    south: float
    east: float
    north: float

    def __post_init__(self) -> None:
        if not (-180 <= self.west <= 180 and -180 <= self.east <= 180 and -90 <= self.south <= self.north <= 90):
            raise ValueError(
                "bbox must be west,south,east,north in degrees, longitude first, "
                f"got {self.west},{self.south},{self.east},{self.north}"
            )

    @classmethod
    def parse(cls, text: str) -> "Bounds":
        """From `118.0,24.4,118.2,24.6`; raises ValueError."""
        numbers = text.split(",")
        if len(numbers) != 4:
            raise ValueError(f"bbox must be four numbers, west,south,east,north, got {text[:100]!r}")
        west, south, east, north = (float(number) for number in numbers)
        return cls(west, south, east, north)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cases; None lets any through.

    Attributes:
        since, until: of the verdict; `until` is not in it.
    """

    state: CaseState | None = None
    kind: str | None = None
    category: str | None = None
    zone: str | None = None
    camera: str | None = None
    unit: str | None = None
    track: Track | None = None
    source: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    bounds: Bounds | None = None


EVERYTHING = Wanted()


def listing(session: Session, wanted: Wanted, *, limit: int, offset: int) -> tuple[list[Case], int]:
    """One page of cases, newest first, and how many there are in all."""
    chosen = _chosen(wanted)
    total = session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
    # Numbers of one year grow with time; the id settles what was created in the same instant.
    rows = session.scalars(chosen.order_by(CaseRow.created.desc(), CaseRow.id.desc()).limit(limit).offset(offset))
    return [case_of(row) for row in rows], total


def _chosen(wanted: Wanted) -> Select[CaseRow]:
    chosen = select(CaseRow)
    for name in ("state", "kind", "category", "zone", "camera", "unit", "track", "source"):
        value = getattr(wanted, name)
        if value is not None:
            chosen = chosen.where(getattr(CaseRow, name) == value)
    if wanted.since is not None:
        chosen = chosen.where(CaseRow.raised_at >= wanted.since)
    if wanted.until is not None:
        chosen = chosen.where(CaseRow.raised_at < wanted.until)
    if wanted.bounds is not None:
        box = wanted.bounds
        chosen = chosen.where(CaseRow.lat.between(box.south, box.north))
        # A box that crosses the date line has its east end west of its west end.
        if box.west <= box.east:
            chosen = chosen.where(CaseRow.lon.between(box.west, box.east))
        else:
            chosen = chosen.where((CaseRow.lon >= box.west) | (CaseRow.lon <= box.east))
    return chosen


def by_id(session: Session, case_id: str) -> Case:
    """One case with its history.

    Raises:
        NoSuchCase: there is none by this id.
    """
    row = session.get(CaseRow, case_id)
    if row is None:
        raise NoSuchCase(case_id)
    return case_of(row, history(session, case_id))


def counts(session: Session) -> dict[tuple[str, str], int]:
    """How many cases there are of each kind and state."""
    query = select(CaseRow.kind, CaseRow.state, func.count()).group_by(CaseRow.kind, CaseRow.state)
    return {(kind, state): n for kind, state, n in session.execute(query)}
