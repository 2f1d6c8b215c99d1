"""The life of a case as one table: which move leads where, who may make it, and what it has to bring.

    reported -> verified -> accepted -> dispatched -> handling -> fed_back -> checked -> closed
        \\-> dismissed          ^------- send back ------'   ^--- not pass ---'

Side moves leave the state as it is, or lead back: supervise, remind, escalate, merge, reopen, appeal. Clean-up may go
from `reported` to `accepted` without a person; penalty never may, see `api/penalty.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class CaseState(StrEnum):
    """Where a case is in its life."""

    REPORTED = "reported"
    VERIFIED = "verified"
    ACCEPTED = "accepted"
    DISPATCHED = "dispatched"
    HANDLING = "handling"
    FED_BACK = "fed_back"
    CHECKED = "checked"
    CLOSED = "closed"
    DISMISSED = "dismissed"
    MERGED = "merged"


class Track(StrEnum):
    """What may come of a case: tidied up, or punished."""

    CLEAN_UP = "clean_up"
    PENALTY = "penalty"


class Role(StrEnum):
    """As what somebody acts on a case."""

    BOX = "box"  # a camera's box, or another program that reports
    PUBLIC = "public"  # an app or a hotline, for a citizen
    REVIEW = "review"  # a person who gives verdicts
    DUTY = "duty"  # the duty officer, a person
    UNIT = "unit"  # a unit that handles cases
    SYSTEM = "system"  # this program by itself: routing, clocks, duplicates


PEOPLE = frozenset({Role.REVIEW, Role.DUTY})
"""Whose verdicts are human verdicts."""


class Dismissal(StrEnum):
    """Why a finding is none; `patrol models dataset` reads these."""

    NOT_A_VIOLATION = "not_a_violation"
    PERMITTED = "permitted"
    WRONG_CLASS = "wrong_class"
    BAD_EVIDENCE = "bad_evidence"
    DUPLICATE = "duplicate"
    ALREADY_GONE = "already_gone"
    PRIVACY = "privacy"


class Move(StrEnum):
    """What can be done to a case."""

    REPORT = "report"
    CONFIRM = "confirm"
    DISMISS = "dismiss"
    CANNOT_TELL = "cannot_tell"
    ACCEPT = "accept"
    DISPATCH = "dispatch"
    ADD_UNIT = "add_unit"
    HANDLE = "handle"
    PART_DONE = "part_done"
    FEED_BACK = "feed_back"
    SEND_BACK = "send_back"
    PROPOSE_PASS = "propose_pass"  # noqa: S105 - a move
    PROPOSE_NOT_PASS = "propose_not_pass"  # noqa: S105
    CHECK_PASS = "check_pass"  # noqa: S105
    CHECK_NOT_PASS = "check_not_pass"  # noqa: S105
    CHECK_UNABLE = "check_unable"
    CLOSE = "close"
    REVISIT_SATISFIED = "revisit_satisfied"
    REVISIT_DISSATISFIED = "revisit_dissatisfied"
    REOPEN = "reopen"
    APPEAL = "appeal"
    PENALTY = "penalty"
    CLEAN_UP = "clean_up"
    REMIND = "remind"
    ESCALATE = "escalate"
    SUPERVISE = "supervise"
    PAUSE = "pause"
    RESUME = "resume"
    MERGE = "merge"
    UNMERGE = "unmerge"
    JOIN = "join"
    PART = "part"


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the table.

    Attributes:
        leads: from which state to which.
        by: the roles that may make it.
        needs: names in the move's `data` that must be there; each a text that is not empty.
        explain: a reason in words is needed.
    """

    leads: Mapping[CaseState, CaseState]
    by: frozenset[Role]
    needs: tuple[str, ...] = ()
    explain: bool = False


@dataclass(frozen=True, slots=True)
class Actor:
    """Who moves a case.

    Attributes:
        name: the token's name, or `patrol` for the program itself.
        unit: whom a unit's token belongs to.
    """

    name: str
    role: Role
    unit: str | None = None

    @property
    def is_person(self) -> bool:
        """Whether its verdicts are human verdicts."""
        return self.role in PEOPLE


SYSTEM = Actor("patrol", Role.SYSTEM)


@dataclass(frozen=True, slots=True)
class Order:
    """A move that somebody asks for.

    Attributes:
        reason: in words.
        data: what the move has to bring, JSON values only: `unit`, `into`, `verdict_reason`, `outcome`.
    """

    move: Move
    reason: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


class IllegalMove(Exception):
    """The table has no such move from where the case is."""

    def __init__(self, case_id: str, old: CaseState, move: Move) -> None:
        possible = ", ".join(sorted(possible_from(old))) or "none"
        super().__init__(f"case {case_id} is {old}, and {move} is no move from there; possible: {possible}")
        self.case_id, self.old, self.move = case_id, old, move


class NotYours(Exception):
    """The move is for somebody else to make."""

    def __init__(self, actor: Actor, move: Move, why: str = "") -> None:
        may = ", ".join(sorted(MOVES[move].by)) or "nobody"
        super().__init__(f"{actor.name} acts as {actor.role} and may not {move}: {why or f'it is for {may}'}")


class MoveIncomplete(Exception):
    """The move lacks something, or the case does; `problems` says what."""

    def __init__(self, case_id: str, move: Move, problems: tuple[str, ...]) -> None:
        super().__init__(f"case {case_id} cannot {move} yet")
        self.problems = problems


S = CaseState
OPEN = (S.REPORTED, S.VERIFIED, S.ACCEPTED, S.DISPATCHED, S.HANDLING, S.FED_BACK, S.CHECKED)
_WORKED = (S.ACCEPTED, S.DISPATCHED, S.HANDLING, S.FED_BACK)
_KNOWN = (S.VERIFIED, *_WORKED, S.CHECKED)


def _stay(*states: CaseState) -> dict[CaseState, CaseState]:
    return {state: state for state in states}


def _lead(new: CaseState, *olds: CaseState) -> dict[CaseState, CaseState]:
    return dict.fromkeys(olds, new)


def _by(*roles: Role) -> frozenset[Role]:
    return frozenset(roles)


R = Role
MOVES: Mapping[Move, Step] = MappingProxyType(
    {
        Move.REPORT: Step({}, _by(R.BOX, R.PUBLIC)),  # makes the case, and is never made on one
        Move.CONFIRM: Step(_stay(*_KNOWN) | _lead(S.VERIFIED, S.REPORTED), _by(R.REVIEW, R.DUTY)),
        Move.DISMISS: Step(
            _lead(S.DISMISSED, S.REPORTED, S.VERIFIED, S.ACCEPTED), _by(R.REVIEW, R.DUTY), ("verdict_reason",)
        ),
        Move.CANNOT_TELL: Step(_stay(S.REPORTED, S.VERIFIED), _by(R.REVIEW, R.DUTY), explain=True),
        Move.ACCEPT: Step(_lead(S.ACCEPTED, S.REPORTED, S.VERIFIED), _by(R.DUTY, R.SYSTEM)),
        Move.DISPATCH: Step(_lead(S.DISPATCHED, S.ACCEPTED), _by(R.DUTY, R.SYSTEM), ("unit",)),
        Move.ADD_UNIT: Step(_stay(S.DISPATCHED, S.HANDLING), _by(R.DUTY), ("unit",)),
        Move.HANDLE: Step(_lead(S.HANDLING, S.DISPATCHED), _by(R.UNIT)),
        Move.PART_DONE: Step(_stay(S.HANDLING), _by(R.UNIT)),
        Move.FEED_BACK: Step(_lead(S.FED_BACK, S.HANDLING), _by(R.UNIT), ("outcome",)),
        Move.SEND_BACK: Step(_lead(S.ACCEPTED, S.DISPATCHED, S.HANDLING), _by(R.UNIT), explain=True),
        Move.PROPOSE_PASS: Step(_stay(S.FED_BACK), _by(R.SYSTEM, R.BOX)),
        Move.PROPOSE_NOT_PASS: Step(_stay(S.FED_BACK), _by(R.SYSTEM, R.BOX)),
        Move.CHECK_PASS: Step(_lead(S.CHECKED, S.FED_BACK), _by(R.REVIEW, R.DUTY)),
        Move.CHECK_NOT_PASS: Step(_lead(S.HANDLING, S.FED_BACK), _by(R.REVIEW, R.DUTY), explain=True),
        Move.CHECK_UNABLE: Step(_stay(S.FED_BACK), _by(R.REVIEW, R.DUTY), explain=True),
        Move.CLOSE: Step(_lead(S.CLOSED, S.CHECKED), _by(R.DUTY)),
        Move.REVISIT_SATISFIED: Step(_stay(S.CLOSED), _by(R.DUTY, R.PUBLIC)),
        Move.REVISIT_DISSATISFIED: Step(_lead(S.ACCEPTED, S.CLOSED), _by(R.DUTY, R.PUBLIC), explain=True),
        Move.REOPEN: Step(
            _lead(S.ACCEPTED, S.CLOSED) | _lead(S.REPORTED, S.DISMISSED), _by(R.REVIEW, R.DUTY), explain=True
        ),
        Move.APPEAL: Step(_stay(S.CLOSED, S.DISMISSED, S.CHECKED), _by(R.DUTY, R.PUBLIC), explain=True),
        Move.PENALTY: Step(_stay(*_KNOWN), _by(R.DUTY), explain=True),
        Move.CLEAN_UP: Step(_stay(*_KNOWN), _by(R.DUTY), explain=True),
        Move.REMIND: Step(_stay(*_WORKED), _by(R.DUTY, R.SYSTEM)),
        Move.ESCALATE: Step(_stay(*_WORKED), _by(R.DUTY, R.SYSTEM), explain=True),
        Move.SUPERVISE: Step(_stay(*OPEN), _by(R.DUTY), explain=True),
        Move.PAUSE: Step(_stay(*_WORKED), _by(R.DUTY), explain=True),
        Move.RESUME: Step(_stay(*_WORKED), _by(R.DUTY)),
        Move.MERGE: Step(_lead(S.MERGED, S.REPORTED, S.VERIFIED, S.ACCEPTED), _by(R.DUTY, R.SYSTEM), ("into",)),
        # Whatever it was before, somebody looks at it anew.
        Move.UNMERGE: Step(_lead(S.REPORTED, S.MERGED), _by(R.DUTY), explain=True),
        Move.JOIN: Step(_stay(*OPEN, S.CLOSED), _by(R.DUTY, R.SYSTEM), ("from",)),
        Move.PART: Step(_stay(*OPEN, S.CLOSED, S.DISMISSED, S.MERGED), _by(R.DUTY), ("from",)),
    }
)


def possible_from(state: CaseState) -> frozenset[Move]:
    """The moves that the table has from a state."""
    return frozenset(move for move, step in MOVES.items() if state in step.leads)
