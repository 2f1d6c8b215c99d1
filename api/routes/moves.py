"""`/api/v1/cases/{id}/moves`: every step of a case's life after its report."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from api.auth import MoverToken, ReadToken, actor_of
from api.cases import Case
from api.errors import answers
from api.moves import MOVES, CaseState, Move, Order, Role, Track, possible_from
from api.parts import TheParts
from api.refusals import NotUnderstood, VersionMissing
from api.tokens import TokenScope

router = APIRouter(prefix="/api/v1", tags=["moves"])


class MoveRequest(BaseModel):
    """A move that somebody asks for."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"move": "confirm", "reason": "seen in the clip", "version": 1},
                {"move": "dismiss", "data": {"verdict_reason": "permitted"}, "reason": "loading bay", "version": 1},
                {"move": "dispatch", "data": {"unit": "squad-1"}, "version": 3},
                {"move": "feed_back", "data": {"outcome": "cleared"}, "version": 5},
            ]
        },
    )

    move: Move
    reason: Annotated[str, Field(max_length=4000)] = ""
    data: Annotated[dict[str, JsonValue], Field(max_length=20, description="what the move brings, see GET moves")] = {}
    version: Annotated[int | None, Field(ge=1, description="the version you saw, unless If-Match says it")] = None


class MoveDone(BaseModel):
    """One move of a case."""

    version: int
    actor: str
    role: Role
    at: datetime
    move: str
    reason: str
    state: CaseState
    data: dict[str, Any]


class CaseStanding(BaseModel):
    """Where a case stands after a move."""

    id: str
    state: CaseState
    version: int
    track: Track
    unit: str | None
    escalation: int
    merged_into: str | None
    possible: Annotated[list[Move], Field(description="moves that the table has from here")]


class MoveRule(BaseModel):
    """One row of the table of moves."""

    move: Move
    leads: dict[CaseState, CaseState]
    by: list[Role]
    needs: Annotated[list[str], Field(description="names in `data`")]
    explain: Annotated[bool, Field(description="a reason is needed")]


@router.get("/moves", summary="The table of moves", response_model=list[MoveRule], responses=answers(401, 403))
def table_of_moves(_: ReadToken) -> list[MoveRule]:
    """Which moves there are, from where to where, by whom and with what."""
    return [
        MoveRule(move=move, leads=dict(step.leads), by=sorted(step.by), needs=list(step.needs), explain=step.explain)
        for move, step in MOVES.items()
    ]


@router.post(
    "/cases/{case_id}/moves",
    summary="Move a case",
    status_code=201,
    response_model=CaseStanding,
    responses=answers(401, 403, 404, 409, 412, 422, 428),
)
def move_case(
    case_id: str,
    wanted: MoveRequest,
    token: MoverToken,
    parts: TheParts,
    response: Response,
    if_match: Annotated[str | None, Header(alias="If-Match", description='the version you saw, `"3"`')] = None,
) -> CaseStanding:
    """Makes one move and writes it down with who made it, when and why. Whoever saw an older version is told so (412)
    and changes nothing. Penalty needs two confirmations by different people, a complete packet and an approved camera.
    """
    expected = _version(if_match, wanted.version)
    actor = actor_of(token)
    if token.scope is TokenScope.REPORT:
        parts.store.check_own_report(case_id, token.name)
    order = Order(wanted.move, wanted.reason, wanted.data)
    case = parts.store.move_case(case_id, order, actor, rules=parts.rules, expected=expected, now=parts.clock())
    response.headers["ETag"] = f'"{case.version}"'
    return standing(case)


@router.get(
    "/cases/{case_id}/moves",
    summary="A case's history",
    response_model=list[MoveDone],
    responses=answers(401, 403, 404),
)
def read_moves(case_id: str, _: ReadToken, parts: TheParts) -> list[MoveDone]:
    """Every move so far, oldest first."""
    return moves_of(parts.store.case(case_id))


def moves_of(case: Case) -> list[MoveDone]:
    """A case's history as it is shown."""
    return [
        MoveDone(
            version=e.version,
            actor=e.actor,
            role=e.role,
            at=e.at,
            move=e.move,
            reason=e.reason,
            state=e.state,
            data=dict(e.data),
        )
        for e in case.history
    ]


def standing(case: Case) -> CaseStanding:
    """Where a case stands."""
    return CaseStanding(
        id=case.id,
        state=case.state,
        version=case.version,
        track=case.track,
        unit=case.unit,
        escalation=case.escalation,
        merged_into=case.merged_into,
        possible=sorted(possible_from(case.state)),
    )


def _version(if_match: str | None, in_body: int | None) -> int:
    if if_match is None:
        if in_body is None:
            raise VersionMissing
        return in_body
    text = if_match.strip().removeprefix("W/").strip('"')
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise NotUnderstood(f'If-Match must be a version as the ETag has it, "3", got {if_match[:40]!r}')
    if in_body is not None and in_body != int(text):
        raise NotUnderstood(f"If-Match says version {text} and the body says {in_body}")
    return int(text)
