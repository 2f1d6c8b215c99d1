"""`/healthz` and `/metrics`: for whoever keeps the box alive."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel

from api.auth import MaySeeDetails, NotSignedIn
from api.errors import answers
from api.health import look
from api.outgoing import OutboxDepth
from api.parts import TheParts

router = APIRouter(tags=["health"])


class CameraWord(BaseModel):
    """One camera."""

    camera: str
    state: str
    detail: str
    frame_at: datetime | None
    updated: datetime


class HealthWord(BaseModel):
    """How the site is. Strangers are told only `status`."""

    status: str
    reasons: list[str] = []
    notices: list[str] = []
    cameras: list[CameraWord] = []
    outbox: dict[str, Any] = {}
    disk_free_bytes: int | None = None
    version: str | None = None


@router.get(
    "/healthz",
    summary="Is all well?",
    response_model=HealthWord,
    responses={503: {"model": HealthWord, "description": "something is wrong; `reasons` says what"}},
)
def healthz(parts: TheParts, in_full: MaySeeDetails) -> Response:
    """200 when all is well, 503 with the reasons when not."""
    health = look(parts, parts.clock())
    word = HealthWord(status="ok" if health.well else "unwell")
    if in_full:
        word.reasons, word.notices = list(health.reasons), list(health.notices)
        word.cameras = [
            CameraWord(camera=c.camera, state=c.state, detail=c.detail, frame_at=c.frame_at, updated=c.updated)
            for c in health.cameras
        ]
        word.outbox, word.disk_free_bytes, word.version = _outbox(health.outbox), health.disk_free_bytes, parts.version
    return JSONResponse(word.model_dump(mode="json"), 200 if health.well else 503, {"Cache-Control": "no-store"})


@router.get("/metrics", summary="Figures for Prometheus", response_class=PlainTextResponse, responses=answers(401))
def metrics(parts: TheParts, in_full: MaySeeDetails) -> Response:
    """In the Prometheus text format."""
    if not in_full:
        raise NotSignedIn("figures are for readers: send a token of scope read")
    return Response(parts.metrics.render(), media_type=CONTENT_TYPE_LATEST)


def _outbox(depth: OutboxDepth) -> dict[str, Any]:
    oldest = depth.oldest.isoformat() if depth.oldest else None
    return {"waiting": dict(depth.waiting), "dead": dict(depth.dead), "oldest": oldest}
