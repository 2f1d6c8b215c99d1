"""One table of what each error means to a caller, and the words it is told: a code and what to do."""

import logging
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from api.auth import NotSignedIn, PageClosed, WrongScope
from api.case_moves import VersionChanged
from api.cases import KeyReused, NoSuchCase
from api.moves import IllegalMove, MoveIncomplete, NotYours
from api.open311.formats import Open311Refusal, refused
from api.parts import parts_of
from api.refusals import (
    NoRoom,
    NoSuchMedia,
    NoSuchPacket,
    NotDead,
    NotUnderstood,
    NotUploaded,
    PacketTooLarge,
    PacketUnsound,
    ReportDisagrees,
    UploadTorn,
    VersionMissing,
    WrongIdentity,
)
from api.rendering import render

_log = logging.getLogger(__name__)


class Trouble(BaseModel):
    """The body of every answer that is not what was asked for."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"error": "packet_unknown", "message": "upload it first with PUT /api/v1/packets/{sha256}"}
        }
    )

    error: str
    message: str
    details: list[str] = []


ANSWERS: Mapping[type[Exception], tuple[int, str]] = MappingProxyType(
    {
        NotSignedIn: (401, "not_signed_in"),
        WrongScope: (403, "wrong_scope"),
        NoSuchCase: (404, "case_unknown"),
        NoSuchMedia: (404, "media_unknown"),
        NotUploaded: (404, "packet_unknown"),
        NoSuchPacket: (409, "packet_unknown"),  # not 404: the address is right, and it will work after the upload
        KeyReused: (409, "key_reused"),
        IllegalMove: (409, "illegal_move"),
        MoveIncomplete: (409, "move_incomplete"),
        NotDead: (409, "not_dead"),
        NotYours: (403, "not_yours"),
        VersionChanged: (412, "version_changed"),
        VersionMissing: (428, "version_missing"),
        NotUnderstood: (422, "not_understood"),
        UploadTorn: (400, "upload_torn"),
        PacketTooLarge: (413, "packet_too_large"),
        PacketUnsound: (422, "packet_unsound"),
        WrongIdentity: (422, "wrong_identity"),
        ReportDisagrees: (422, "report_disagrees"),
        NoRoom: (507, "no_room"),
        OperationalError: (503, "store_busy"),
    }
)

_WORDS: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        404: ("not_found", "there is nothing at this address; /openapi.json lists what there is"),
        405: ("method_not_allowed", "this address does not take this method; /openapi.json lists what it takes"),
    }
)


def answers(
    *statuses: int, also: Mapping[int, tuple[type[BaseModel], str]] = MappingProxyType({})
) -> dict[int | str, dict[str, Any]]:
    """The further answers of a route, for its OpenAPI description: errors by status, and others by their model."""
    wrong: dict[int | str, dict[str, Any]] = {s: {"model": Trouble, "description": _codes(s)} for s in statuses}
    return wrong | {status: {"model": model, "description": text} for status, (model, text) in also.items()}


def install(app: FastAPI) -> None:
    """Make the service answer every error by the table."""
    for kind in ANSWERS:
        app.add_exception_handler(kind, _by_table)
    app.add_exception_handler(Open311Refusal, refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _plain)
    app.add_exception_handler(PageClosed, _closed)
    app.add_exception_handler(Exception, _defect)


def trouble(status: int, error: str, message: str, details: Sequence[str] = ()) -> JSONResponse:
    """An error as a response."""
    body = Trouble(error=error, message=message, details=list(details))
    response = JSONResponse(body.model_dump(exclude_defaults=True), status)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="patrol"'
    if status in (503, 507):
        response.headers["Retry-After"] = "5" if status == 503 else "60"
    return response


def _by_table(request: Request, exc: Exception) -> Response:
    status, code = next(ANSWERS[kind] for kind in type(exc).__mro__ if kind in ANSWERS)
    if isinstance(exc, OperationalError):
        _log.error("the database did not answer %s: %s", request.url.path, exc.orig)
        return _told(request, status, code, "the database is busy or full; try again in a few seconds")
    return _told(request, status, code, str(exc), getattr(exc, "problems", ()))


def _malformed(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestValidationError)  # noqa: S101 - registered for it
    # The input itself is not echoed: it may hold what the caller did not mean to send.
    details = [f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in exc.errors()]
    return _told(request, 422, "malformed", "the request is not as /openapi.json describes it", details[:20])


def _plain(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)  # noqa: S101 - registered for it
    code, words = _WORDS.get(exc.status_code, ("refused", str(exc.detail)))
    response = _told(request, exc.status_code, code, words)
    response.headers.update(exc.headers or {})
    return response


def _closed(_: Request, __: Exception) -> Response:
    return RedirectResponse("/sign-in", status_code=303)


def _defect(_: Request, __: Exception) -> Response:
    return trouble(500, "defect", "this is a defect of the service; its log says more")


def _told(request: Request, status: int, code: str, message: str, details: Sequence[str] = ()) -> Response:
    """In the caller's form: a page for a browser, JSON for a program."""
    if request.url.path.startswith("/api/") or "text/html" not in request.headers.get("accept", ""):
        return trouble(status, code, message, details)
    return render("trouble.html", parts_of(request), status, code=code, message=message)


def _codes(status: int) -> str:
    named = [code for number, code in ANSWERS.values() if number == status]
    return ", ".join(f"`{code}`" for code in ([*named, "malformed"] if status == 422 else named)) or "refused"
