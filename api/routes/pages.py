"""The plain pages: the list of cases and one case, drawn on the server, without a script."""

from typing import Annotated
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from api.auth import COOKIE, VISIT, may_see_pages, page_open, sign_in
from api.outgoing import SendState
from api.parts import TheParts
from api.rendering import render
from api.routes.cases import clip_file, packet_file, still_file
from api.views import time_text, view

PER_PAGE = 50
_LARGEST_FORM = 4096

router = APIRouter(include_in_schema=False)
evidence = APIRouter(include_in_schema=False, dependencies=[Depends(page_open)])


@evidence.get("/")
def list_page(parts: TheParts, page: Annotated[int, Query(ge=1, le=10**6)] = 1) -> HTMLResponse:
    """The newest cases."""
    cases, total = parts.store.cases(limit=PER_PAGE, offset=(page - 1) * PER_PAGE)
    views = [view(case, parts.timezone) for case in cases]
    pages = max(1, -(-total // PER_PAGE))
    dead = sum(parts.store.outbox_depth().dead.values())
    return render("cases.html", parts, views=views, total=total, page=page, pages=pages, dead=dead)


@evidence.get("/cases/{case_id}")
def case_page(case_id: str, parts: TheParts) -> HTMLResponse:
    """One case with its evidence."""
    return render("case.html", parts, v=view(parts.store.case(case_id), parts.timezone))


@evidence.get("/cases/{case_id}/clip")
def page_clip(case_id: str, parts: TheParts) -> FileResponse:
    """The clip for the page's player."""
    return _kept(clip_file(parts, parts.store.case(case_id)))


@evidence.get("/cases/{case_id}/stills/{name}")
def page_still(case_id: str, name: str, parts: TheParts) -> FileResponse:
    """A picture for the page."""
    return _kept(still_file(parts, parts.store.case(case_id), name))


@evidence.get("/cases/{case_id}/packet.zip")
def page_packet(case_id: str, parts: TheParts) -> Response:
    """The packet for whoever wants to check it."""
    return packet_file(parts, parts.store.case(case_id))


@evidence.get("/outbox")
def outbox_page(parts: TheParts) -> HTMLResponse:
    """The dead letters, for a person to see and send again."""
    dead = parts.store.outbox(SendState.DEAD)
    rows = [(item, time_text(item.created, "box", None, parts.timezone)) for item in dead]
    return render("outbox.html", parts, rows=rows, waiting=sum(parts.store.outbox_depth().waiting.values()))


@evidence.post("/outbox/{row_id}/resend")
def resend_form(row_id: int, request: Request, parts: TheParts) -> Response:
    """Send one again; a form of another site does not."""
    if not _same_origin(request):
        raise HTTPException(403, "this form was sent from another site")
    parts.store.revive(row_id, parts.clock())
    return RedirectResponse("/outbox", 303)


@router.get("/sign-in")
def sign_in_page(request: Request, parts: TheParts) -> Response:
    """Ask for a read token."""
    if may_see_pages(request, parts):
        return RedirectResponse("/", 303)
    return render("sign_in.html", parts, wrong=False)


@router.post("/sign-in")
async def sign_in_form(request: Request, parts: TheParts) -> Response:
    """Exchange a read token for a cookie."""
    secret = await _field(request, "token")
    cookie = sign_in(parts.store, secret, parts.clock()) if _same_origin(request) else None
    if cookie is None:
        return render("sign_in.html", parts, 403, wrong=True)
    response = RedirectResponse("/", 303)
    secure = request.url.scheme == "https"
    response.set_cookie(
        COOKIE, cookie, max_age=int(VISIT.total_seconds()), httponly=True, samesite="strict", secure=secure
    )
    return response


@router.post("/sign-out")
def sign_out() -> Response:
    """Forget the visitor."""
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response


def _kept(response: FileResponse) -> FileResponse:
    # Evidence never changes, so a player that seeks need not ask twice; it stays in this browser.
    response.headers["Cache-Control"] = "private, max-age=300"
    return response


async def _field(request: Request, name: str) -> str:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_FORM:
            return ""
    return parse_qs(body.decode("utf-8", "replace")).get(name, [""])[0]


def _same_origin(request: Request) -> bool:
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")
