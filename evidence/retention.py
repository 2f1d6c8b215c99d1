"""How long a packet is kept: a table by kind and by the state its case came to. Pure; a legal hold beats every row."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

FOREVER = None
"""A state that no row names: the case is open, and its packet stays."""


@dataclass(frozen=True, slots=True)
class RetentionTable:
    """The days.

    Attributes:
        days: state of the case to days, for every kind.
        kinds: kind of incident to its own rows, which win.

    Raises:
        ValueError: a number of days is below 1.
    """

    days: Mapping[str, int]
    kinds: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rows = [self.days, *self.kinds.values()]
        if wrong := [days for row in rows for days in row.values() if days < 1]:
            raise ValueError(f"packets are kept for 1 day or more, got {wrong[0]}")

    def keeps(self, kind: str, state: str) -> int | None:
        """Days after the case came to that state; None: as long as it is in it."""
        return self.kinds.get(kind, {}).get(state, self.days.get(state, FOREVER))


def over(table: RetentionTable, kind: str, state: str, since: datetime, now: datetime, held: bool) -> str:
    """Why a packet is to be deleted, in words; empty: it stays.

    Args:
        table: the days.
        kind: of the incident.
        state: of its case.
        since: when the case came to that state, aware.
        now: the box's time, aware.
        held: whether a legal hold is on it.
    """
    days = table.keeps(kind, state)
    if held or days is None or now - since < timedelta(days=days):
        return ""
    return f"{state} since {since:%Y-%m-%d}, kept for {days} days"
