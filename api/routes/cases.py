"""`/api/v1/cases`: reported by boxes, read by whoever works on them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import FileResponse, StreamingResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from api.auth import BoxToken, ReadToken, actor_of
from api.case_list import Bounds, Wanted
from api.cases import Case, CaseReport, Filed
from api.errors import answers
from api.moves import CaseState, Move, Track
from api.parts import Parts, TheParts
from api.refusals import NoSuchMedia, NotUnderstood
from api.routes.moves import MoveDone, moves_of

router = APIRouter(prefix="/api/v1/cases", tags=["cases"])

_EXAMPLE: dict[str, JsonValue] = {
    "id": "SP-2026-000001",
    "kind": "illegal_parking",
    "class": "car",
    "zone": "gate",
    "state": "reported",
    "camera": "cam-1",
    "raised_at": "2026-11-23T08:01:12.480000Z",
    "packet_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}


class CaseSummary(BaseModel):
    """A case in a list."""

    model_config = ConfigDict(populate_by_name=True, json_schema_extra={"example": _EXAMPLE})

    id: str
    kind: str
    class_name: Annotated[str, Field(alias="class")]
    zone: str
    state: CaseState
    camera: str
    raised_at: datetime
    packet_sha256: str


class CasePage(BaseModel):
    """One page of cases, newest first."""

    model_config = ConfigDict(json_schema_extra={"example": {"items": [_EXAMPLE], "total": 1}})

    items: list[CaseSummary]
    total: Annotated[int, Field(description="how many there are in all, on every page")]


class CasePlace(BaseModel):
    """Where on earth, WGS 84, within so many metres."""

    lat: float
    lon: float
    error_m: float


class PersonVerdict(BaseModel):
    """What a person said of the finding; `patrol models dataset` reads these."""

    person: str
    role: str
    at: datetime
    verdict: Annotated[Literal["confirmed", "dismissed", "cannot_tell"], Field(description="of this person")]
    verdict_reason: Annotated[str | None, Field(description="of a dismissal: `permitted`, `wrong_class`, …")] = None
    reason: Annotated[str, Field(description="in the person's words")] = ""
    standing: Annotated[bool, Field(description="the newest of this person")]


class CaseDetail(CaseSummary):
    """A case with its report, its history and what its packet says."""

    incident_id: str
    created: datetime
    source: Annotated[str, Field(description="name of the token that reported it")]
    report: Filed
    version: Annotated[int, Field(description="counts the moves; also the ETag")]
    track: Track
    category: str
    unit: str | None
    place: CasePlace | None
    escalation: int
    merged_into: str | None
    verdict: Annotated[
        Literal["confirmed", "dismissed", "cannot_tell", "disputed"] | None,
        Field(description="what the people say together"),
    ]
    verdict_reason: Annotated[str | None, Field(description="of the newest dismissal")]
    verdicts: list[PersonVerdict]
    history: list[MoveDone]
    stills: Annotated[list[str], Field(description="names for /cases/{id}/stills/{name}")]


@router.post(
    "",
    summary="Report a case",
    status_code=201,
    response_model=CaseSummary,
    responses=answers(401, 403, 409, 422, 503, also={200: (CaseSummary, "this key already made this case")}),
)
def report_case(
    report: CaseReport,
    token: BoxToken,
    parts: TheParts,
    response: Response,
    idempotency_key: Annotated[
        str, Header(alias="Idempotency-Key", min_length=8, max_length=200, pattern=r"^[\x21-\x7e]+$")
    ],
) -> CaseSummary:
    """The packet goes first, with `PUT /api/v1/packets/{sha256}`. The same `Idempotency-Key` with the same report
    finds the case it made before (200), so a report may be sent again whenever its answer was lost."""
    event = parts.vault.event_for(report)
    case, is_new = parts.store.file_report(
        report, key=idempotency_key, event=event, source=actor_of(token), now=parts.clock(), rules=parts.rules
    )
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = f"/api/v1/cases/{case.id}"
    return summary(case)


@router.get("", summary="List cases", response_model=CasePage, responses=answers(401, 403, 422))
def list_cases(
    _: ReadToken,
    parts: TheParts,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    offset: Annotated[int, Query(ge=0, le=2**31)] = 0,
    state: Annotated[CaseState | None, Query()] = None,
    kind: Annotated[str | None, Query(max_length=64)] = None,
    category: Annotated[str | None, Query(max_length=16, description="event code, `0505`")] = None,
    zone: Annotated[str | None, Query(max_length=200)] = None,
    camera: Annotated[str | None, Query(max_length=200)] = None,
    unit: Annotated[str | None, Query(max_length=100)] = None,
    track: Annotated[Track | None, Query()] = None,
    source: Annotated[str | None, Query(max_length=100)] = None,
    since: Annotated[AwareDatetime | None, Query(description="raised at or after")] = None,
    until: Annotated[AwareDatetime | None, Query(description="raised before")] = None,
    bbox: Annotated[
        str | None,
        Query(max_length=100, description="west,south,east,north, degrees", examples=["118.0,24.4,118.2,24.6"]),
    ] = None,
) -> CasePage:
    """Newest first."""
    try:
        bounds = None if bbox is None else Bounds.parse(bbox)
    except ValueError as problem:
        raise NotUnderstood(str(problem)) from problem
    wanted = Wanted(state, kind, category, zone, camera, unit, track, source, since, until, bounds)
    cases, total = parts.store.cases(wanted, limit=limit, offset=offset)
    return CasePage(items=[summary(case) for case in cases], total=total)


@router.get("/{case_id}", summary="One case", response_model=CaseDetail, responses=answers(401, 403, 404))
def read_case(case_id: str, _: ReadToken, parts: TheParts, response: Response) -> CaseDetail:
    """With its report, its verdicts and every move so far. Its ETag is what a move names in `If-Match`."""
    case = parts.store.case(case_id)
    response.headers["ETag"] = f'"{case.version}"'
    verdicts = verdicts_of(case)
    said = {v.verdict for v in verdicts if v.standing and v.verdict != "cannot_tell"}
    dismissals = [v.verdict_reason for v in verdicts if v.standing and v.verdict == "dismissed"]
    return CaseDetail(
        **summary(case).model_dump(),
        incident_id=case.report.incident_id,
        created=case.created,
        source=case.source,
        report=case.report,
        version=case.version,
        track=case.track,
        category=case.category,
        unit=case.unit,
        place=CasePlace(lat=case.place.lat, lon=case.place.lon, error_m=case.place.error_m) if case.place else None,
        escalation=case.escalation,
        merged_into=case.merged_into,
        verdict=None if not said else "disputed" if len(said) > 1 else said.pop(),
        verdict_reason=dismissals[-1] if dismissals else None,
        verdicts=verdicts,
        history=moves_of(case),
        stills=list(parts.vault.stills(case.report.packet_sha256)) if case.report.packet_sha256 else [],
    )


def verdicts_of(case: Case) -> list[PersonVerdict]:
    """What people said of a case, oldest first."""
    given = [e for e in case.history if e.move in _SAID]
    newest = {e.actor: e.version for e in given}
    return [
        PersonVerdict(
            person=e.actor,
            role=e.role,
            at=e.at,
            verdict=_SAID[e.move],
            verdict_reason=e.data.get("verdict_reason"),
            reason=e.reason,
            standing=newest[e.actor] == e.version,
        )
        for e in given
    ]


@router.get("/{case_id}/event", summary="What the packet says", responses=answers(401, 403, 404))
def read_event(case_id: str, _: ReadToken, parts: TheParts) -> dict[str, Any]:
    """The packet's `event.json`."""
    return dict(parts.store.case(case_id).event)


@router.get(
    "/{case_id}/packet.zip",
    summary="The sealed packet",
    response_class=StreamingResponse,
    responses=answers(401, 403, 404),
)
def read_packet(case_id: str, _: ReadToken, parts: TheParts) -> StreamingResponse:
    """As a ZIP file that `patrol verify` takes as it comes."""
    return packet_file(parts, parts.store.case(case_id))


@router.get("/{case_id}/clip", summary="The uncut clip", response_class=FileResponse, responses=answers(401, 403, 404))
def read_clip(case_id: str, _: ReadToken, parts: TheParts) -> FileResponse:
    """Takes `Range`, so that a player can seek."""
    return clip_file(parts, parts.store.case(case_id))


@router.get(
    "/{case_id}/stills/{name}", summary="A still", response_class=FileResponse, responses=answers(401, 403, 404)
)
def read_still(case_id: str, name: str, _: ReadToken, parts: TheParts) -> FileResponse:
    """A picture by the name that the case lists."""
    return still_file(parts, parts.store.case(case_id), name)


def summary(case: Case) -> CaseSummary:
    """A case as lists show it."""
    report = case.report
    return CaseSummary(
        id=case.id,
        kind=report.kind,
        class_name=report.class_name,
        zone=report.zone,
        state=case.state,
        camera=report.camera,
        raised_at=report.raised_at,
        packet_sha256=report.packet_sha256,
    )


def packet_file(parts: Parts, case: Case) -> StreamingResponse:
    """The packet, zipped on the way."""
    _must_have_packet(case)
    return StreamingResponse(
        parts.vault.zipped(case.report.packet_sha256),
        media_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{case.id}.zip"'},
    )


def clip_file(parts: Parts, case: Case) -> FileResponse:
    """The clip, in ranges where the caller asks for them."""
    _must_have_packet(case)
    path = parts.vault.clip(case.report.packet_sha256)
    return FileResponse(path, media_type=_MEDIA.get(path.suffix, "application/octet-stream"))


def still_file(parts: Parts, case: Case, name: str) -> FileResponse:
    """One picture."""
    _must_have_packet(case)
    path = parts.vault.still(case.report.packet_sha256, name)
    return FileResponse(path, media_type=_MEDIA.get(path.suffix, "application/octet-stream"))


def _must_have_packet(case: Case) -> None:
    if not case.report.packet_sha256:
        raise NoSuchMedia("packet: it was reported by a person")


_SAID: dict[str, Literal["confirmed", "dismissed", "cannot_tell"]] = {
    Move.CONFIRM: "confirmed",
    Move.DISMISS: "dismissed",
    Move.CANNOT_TELL: "cannot_tell",
}

_MEDIA = {".mp4": "video/mp4", ".mkv": "video/x-matroska", ".jpg": "image/jpeg", ".png": "image/png"}
