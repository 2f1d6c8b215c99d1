"""The penalty track: what has to be true before anybody may be punished on a case's evidence.

行政处罚法, article 41: evidence of technical monitoring equipment has to come from equipment that was legally and
technically approved, is marked, and stands where the public was told; two people look at it before it counts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from api.moves import Move, Role

NEEDED_VERDICTS = 2

_VERDICTS = frozenset({Move.CONFIRM, Move.DISMISS, Move.CANNOT_TELL})
_PEOPLE = frozenset({Role.REVIEW.value, Role.DUTY.value})


@dataclass(frozen=True, slots=True)
class Approval:
    """The papers of a camera.

    Attributes:
        number: of the approval.
        calibrated_on: of the last calibration.
        sign: whether a sign says that it watches.
        published: where its location was published, in words or as an address.
        valid_to: last day on which the calibration counts; None where it does not end.

    Raises:
        ValueError: a text is empty.
    """

    number: str
    calibrated_on: date
    sign: bool
    published: str
    valid_to: date | None = None

    def __post_init__(self) -> None:
        for name in ("number", "published"):
            if not getattr(self, name).strip():
                raise ValueError(f"an approval's {name} must not be empty")

    def covers(self, day: date) -> bool:
        """Whether the camera was approved on that day."""
        return self.calibrated_on <= day and (self.valid_to is None or day <= self.valid_to)


Approvals = Mapping[str, Approval]
"""By the camera's id."""

NO_APPROVALS: Approvals = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one person said of a case; the newest of each person counts."""

    person: str
    move: Move
    role: str

    @property
    def is_human(self) -> bool:
        """Whether a person gave it."""
        return self.role in _PEOPLE


def standing_verdicts(verdicts: Iterable[Verdict]) -> dict[str, Move]:
    """The newest verdict of each person, from verdicts in the order they were given."""
    return {v.person: v.move for v in verdicts if v.is_human and v.move in _VERDICTS}


def obstacles(
    verdicts: Iterable[Verdict], event: Mapping[str, Any], camera: str, day: date, approvals: Approvals
) -> tuple[str, ...]:
    """Why a case may not enter the penalty track; empty when it may.

    Args:
        verdicts: given since the case was last reopened, oldest first.
        event: the packet's `event.json`.
        camera: that saw it.
        day: when it was seen, in the site's timezone or UTC.
        approvals: of the site's cameras.
    """
    found = []
    standing = standing_verdicts(verdicts)
    confirmed = sorted(person for person, move in standing.items() if move is Move.CONFIRM)
    if len(confirmed) < NEEDED_VERDICTS:
        found.append(
            f"{NEEDED_VERDICTS} people have to confirm it, {len(confirmed)} did: {', '.join(confirmed) or 'nobody'}"
        )
    if against := sorted(person for person, move in standing.items() if move is Move.DISMISS):
        found.append(f"dismissed by {', '.join(against)}")
    sufficiency = event.get("sufficiency")
    if not isinstance(sufficiency, Mapping) or sufficiency.get("verdict") != "complete":
        found.append("the evidence packet is not complete")
    if event.get("phase") != "live":
        found.append(f"its zone was in phase {event.get('phase') or 'unknown'}, and only live zones lead to a penalty")
    approval = approvals.get(camera)
    if approval is None:
        found.append(f"camera {camera or '(none)'} has no approval number, calibration date, sign and published place")
    elif not approval.sign:
        found.append(f"no sign says that camera {camera} watches")
    elif not approval.covers(day):
        found.append(f"camera {camera} was not approved and calibrated on {day}")
    return tuple(found)
