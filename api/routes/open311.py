"""`/open311/v2`: GeoReport v2 for citizens' apps and the hotline, https://wiki.open311.org/GeoReport_v2/."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from shapely import Point

from api.auth import actor_of
from api.cases import Place
from api.categories import CATEGORIES, Category
from api.open311.formats import Open311Refusal, answer, fields_of
from api.open311.requests import PLACE_ERROR_M, Asked, PublicReport, RequestUpdate, ServiceRequest, codes
from api.parts import Parts, TheParts
from api.tokens import Token, TokenScope

router = APIRouter(prefix="/open311/v2", tags=["Open311 GeoReport v2"])

Format = Literal["json", "xml"]

_CONTACT = ("email", "phone", "first_name", "last_name", "device_id", "account_id")
_LONGEST = {"description": 4000, "address_string": 500, "media_url": 2000}


@router.get("/discovery.{suffix}", summary="Where the service is and what it speaks")
def discovery(suffix: Format, request: Request) -> Response:
    """Service discovery, https://wiki.open311.org/Service_Discovery/."""
    base = str(request.base_url).rstrip("/") + "/open311/v2"
    formats = ["text/xml", "application/json"]
    endpoint = {
        "specification": "http://wiki.open311.org/GeoReport_v2",
        "url": base,
        "changeset": "2026-11-23T00:00:00Z",
        "type": "production",
        "formats": formats if suffix == "json" else [{"format": f} for f in formats],
    }
    value = {
        "changeset": "2026-11-23T00:00:00Z",
        "contact": "whoever runs this site",
        "key_service": "ask whoever runs this site for a token of scope report",
        "endpoints": [endpoint],
    }
    return answer("discovery", "", value, suffix, 200)


@router.get("/services.{suffix}", summary="What can be reported")
def services(suffix: Format) -> Response:
    """One service per event category."""
    return answer("services", "service", [_service(row) for row in CATEGORIES.values()], suffix, 200)


@router.get("/services/{code}.{suffix}", summary="What a service asks")
def service_definition(code: str, suffix: Format) -> Response:
    """No category asks more than what, where and a few words."""
    if code not in CATEGORIES:
        raise _no_service(code)
    return answer("service_definition", "", {"service_code": code, "attributes": []}, suffix, 200)


@router.post("/requests.{suffix}", summary="File a request", status_code=201)
async def file_request(suffix: Format, request: Request, parts: TheParts) -> Response:
    """Form-encoded or JSON; `api_key` is a token of scope report. Answers at once with a `service_request_id`. A client
    that sends an `Idempotency-Key` may send again when an answer was lost."""
    given = await fields_of(request)
    token = await run_in_threadpool(_reporter, parts, _key_of(request, given))
    report = _report(given, parts)
    key = request.headers.get("idempotency-key")
    case_id = await run_in_threadpool(
        parts.store.file_request,
        report,
        key=key[:120] if key else None,
        source=actor_of(token),
        now=parts.clock(),
        rules=parts.rules,
    )
    value = {"service_request_id": case_id, "service_notice": "", "account_id": None}
    return answer("service_requests", "request", [value], suffix, 201)


@router.get("/requests.{suffix}", summary="Requests and how they stand")
def list_requests(
    suffix: Format,
    parts: TheParts,
    service_request_id: Annotated[list[str], Query()] = [],  # noqa: B006 - FastAPI copies it
    service_code: Annotated[list[str], Query()] = [],  # noqa: B006
    status: Annotated[list[str], Query()] = [],  # noqa: B006
    start_date: str | None = None,
    end_date: str | None = None,
    page: Annotated[int, Query(ge=1, le=10**6)] = 1,
    page_size: Annotated[int, Query(ge=1, le=1000)] = 1000,
) -> Response:
    """At most 90 days and 1,000 requests; without dates those of the last 90 days. Shows no personal data."""
    asked = Asked(
        codes(service_request_id),
        codes(service_code),
        codes(status),
        _date(start_date, "start_date"),
        _date(end_date, "end_date"),
        page,
        page_size,
    )
    if wrong := set(asked.statuses) - {"open", "closed"}:
        raise Open311Refusal(400, f"status must be open or closed, got {', '.join(sorted(wrong))[:100]}")
    found = parts.store.find_requests(asked, parts.clock())
    return answer("service_requests", "request", [_shown(r) for r in found], suffix, 200)


@router.get("/requests/{request_id}.{suffix}", summary="One request")
def read_request(request_id: str, suffix: Format, parts: TheParts) -> Response:
    """Needs no key and shows no personal data."""
    found = parts.store.find_requests(Asked(ids=(request_id,)), parts.clock())
    if not found:
        raise Open311Refusal(404, f"there is no service request {request_id[:40]!r}")
    return answer("service_requests", "request", [_shown(r) for r in found], suffix, 200)


@router.get("/servicerequestupdates.{suffix}", summary="What happened to requests")
def list_updates(
    suffix: Format, parts: TheParts, start_date: str | None = None, end_date: str | None = None
) -> Response:
    """News between two moments, oldest first, as FixMyStreet asks for it; an `update_id` is the same each time."""
    until = _date(end_date, "end_date") or parts.clock()
    since = _date(start_date, "start_date") or datetime.fromtimestamp(0, UTC)
    found = parts.store.request_updates(since, until)
    return answer("service_request_updates", "request_update", [_news(update) for update in found], suffix, 200)


def _service(row: Category) -> dict[str, Any]:
    return {
        "service_code": row.code,
        "service_name": f"{row.zh} / {row.en}",
        "description": f"{row.en} ({row.code} {row.zh})",
        "metadata": False,
        "type": "realtime",
        "keywords": ",".join(row.keywords),
        "group": row.kind,
    }


def _no_service(code: str) -> Open311Refusal:
    return Open311Refusal(404, f"there is no service_code {code[:40]!r}; services.json lists those there are")


def _key_of(request: Request, given: Mapping[str, str]) -> str:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    return given.get("api_key") or (secret if scheme.lower() == "bearer" else "")


def _reporter(parts: Parts, key: str) -> Token:
    token = parts.store.find_token(key) if key else None
    if token is None or token.scope is not TokenScope.REPORT:
        said = "api_key is missing" if not key else "this api_key may not file requests"
        raise Open311Refusal(403, f"{said}: it is a token of scope report, made by `patrol token SITE NAME`")
    return token


def _report(given: Mapping[str, str], parts: Parts) -> PublicReport:
    code = given.get("service_code", "").strip()
    if not code:
        raise Open311Refusal(400, "service_code is missing; services.json lists those there are")
    if code not in CATEGORIES:
        raise _no_service(code)
    place, address = _place(given, parts), given.get("address_string", "").strip()
    if place is None and not address and not given.get("address_id"):
        raise Open311Refusal(400, "a place is missing: send lat and long, or address_string")
    for name, most in _LONGEST.items():
        if len(given.get(name, "")) > most:
            raise Open311Refusal(400, f"{name} has at most {most} characters")
    media = given.get("media_url", "").strip()
    if media and (urlsplit(media).scheme not in ("http", "https") or not urlsplit(media).netloc):
        raise Open311Refusal(400, "media_url must be an http or https address")
    attributes = {n[len("attribute[") : -1]: v for n, v in given.items() if n.startswith("attribute[") and n[-1] == "]"}
    return PublicReport(
        service_code=code,
        place=place,
        description=given.get("description", "").strip(),
        address=address,
        media_url=media,
        contact={name: given[name][:200] for name in _CONTACT if given.get(name)},
        attributes=attributes,
    )


def _place(given: Mapping[str, str], parts: Parts) -> Place | None:
    lat_text, lon_text = given.get("lat", "").strip(), given.get("long", given.get("lon", "")).strip()
    if not lat_text and not lon_text:
        return None
    try:
        lat, lon = float(lat_text), float(lon_text)
    except ValueError:
        raise Open311Refusal(400, "lat and long must both be decimal degrees, WGS 84") from None
    if not (math.isfinite(lat) and math.isfinite(lon) and abs(lat) <= 90 and abs(lon) <= 180):
        swapped = " (they look swapped)" if abs(lon) <= 90 < abs(lat) <= 180 else ""
        raise Open311Refusal(400, f"lat must be within ±90 and long within ±180 degrees, WGS 84{swapped}")
    if parts.boundary is not None and not parts.boundary.covers(Point(lon, lat)):
        raise Open311Refusal(400, f"{lat:.6f}, {lon:.6f} lies outside the area that this site serves")
    return Place(lat, lon, PLACE_ERROR_M)


def _date(text: str | None, name: str) -> datetime | None:
    if not text:
        return None
    try:
        # A plus sign in an address that was not escaped arrives as a space.
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise Open311Refusal(400, f"{name} must be as 2026-11-23T00:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _shown(request: ServiceRequest) -> dict[str, Any]:
    at = request.place
    return {
        "service_request_id": request.id,
        "status": request.status,
        "status_notes": request.status_notes,
        "service_name": request.service_name,
        "service_code": request.service_code,
        "description": request.description,
        "agency_responsible": request.agency,
        "service_notice": "",
        "requested_datetime": _w3(request.requested),
        "updated_datetime": _w3(request.updated),
        "expected_datetime": None,
        "address": request.address,
        "address_id": None,
        "zipcode": None,
        "lat": at.lat if at else None,
        "long": at.lon if at else None,
        "media_url": request.media_url or None,
    }


def _news(update: RequestUpdate) -> dict[str, Any]:
    return {
        "update_id": update.id,
        "service_request_id": update.request_id,
        "status": update.status,
        "updated_datetime": _w3(update.at),
        "description": update.description,
    }


def _w3(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
