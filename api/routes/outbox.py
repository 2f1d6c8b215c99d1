"""`/api/v1/outbox`: what is still to be sent, what never will be as it is, and sending it again."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from api.auth import DutyToken
from api.errors import answers
from api.outgoing import OutboxItem, SendState
from api.parts import TheParts
from api.refusals import NotDead

router = APIRouter(prefix="/api/v1/outbox", tags=["outbox"])


class OutboxRowShown(BaseModel):
    """One thing to send to one target."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": 7,
                "target": "city",
                "idempotency_key": "2f1c3c0e-5f0e-5d0f-9a53-8f6b1d1f7c11",
                "state": "dead",
                "attempts": 1,
                "next_try_at": "2026-11-23T08:01:12Z",
                "last_error": "the city's table has no code for category 0123; add it and send again",
                "reference": None,
                "created": "2026-11-23T08:01:12Z",
            }
        }
    )

    id: int
    target: str
    idempotency_key: str
    state: SendState
    attempts: int
    next_try_at: datetime
    last_error: str | None
    reference: Annotated[str | None, Field(description="what the target calls it")]
    created: datetime


class OutboxShown(BaseModel):
    """Rows, oldest first."""

    items: list[OutboxRowShown]
    total: int


@router.get("", summary="What is to be sent", response_model=OutboxShown, responses=answers(401, 403, 422))
def list_outbox(
    _: DutyToken,
    parts: TheParts,
    state: Annotated[SendState | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    offset: Annotated[int, Query(ge=0, le=2**31)] = 0,
) -> OutboxShown:
    """`state=dead` lists the dead letters, each with the words of its last error."""
    items = parts.store.outbox(state)
    return OutboxShown(items=[_shown(item) for item in items[offset : offset + limit]], total=len(items))


@router.post(
    "/{row_id}/resend", summary="Send a dead letter again", response_model=OutboxRowShown,
    responses=answers(401, 403, 409, 422),
)  # fmt: skip
def resend(row_id: int, _: DutyToken, parts: TheParts) -> OutboxRowShown:
    """The same row with the same key: whatever arrived of it before is not doubled."""
    if not parts.store.revive(row_id, parts.clock()):
        raise NotDead(row_id)
    return next(_shown(item) for item in parts.store.outbox() if item.id == row_id)


def _shown(item: OutboxItem) -> OutboxRowShown:
    return OutboxRowShown(
        id=item.id,
        target=item.outgoing.target,
        idempotency_key=item.outgoing.idempotency_key,
        state=item.state,
        attempts=item.attempts,
        next_try_at=item.next_try_at,
        last_error=item.last_error,
        reference=item.reference,
        created=item.created,
    )
