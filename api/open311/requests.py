"""Service requests of the public: each is a case, with what a citizen wrote beside it.

GeoReport v2, https://wiki.open311.org/GeoReport_v2/. What identifies a person is kept apart and is on no public answer.
"""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.case_moves import CaseRules
from api.cases import Filed, Place, file_report
from api.categories import CATEGORIES
from api.moves import Actor, CaseState
from api.sameness import merge_new
from api.tables import CaseEventRow, CaseRow, PublicRequestRow
from api.words import MOVES, STATES, words

PLACE_ERROR_M = 30.0
"""How far off a place may be that a person pointed at on a phone (source: unverified)."""

LONGEST_RANGE = timedelta(days=90)
MOST = 1000

_PHONE = re.compile(r"\+?\d(?:[\s\-()]*\d){6,}")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_DONE = frozenset({CaseState.CLOSED, CaseState.DISMISSED})
_NEWS = frozenset({"accept", "dispatch", "feed_back", "close", "dismiss", "reopen", "merge", "revisit_dissatisfied"})


@dataclass(frozen=True, slots=True)
class PublicReport:
    """What a citizen files.

    Attributes:
        place: None where only an address was given.
        contact: personal: `email`, `phone`, `first_name`, `last_name`, `device_id`, `account_id`.
        attributes: answers to the service's questions.
    """

    service_code: str
    place: Place | None
    description: str = ""
    address: str = ""
    media_url: str = ""
    contact: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServiceRequest:
    """A request as the public may see it."""

    id: str
    status: str
    status_notes: str
    service_code: str
    service_name: str
    description: str
    agency: str
    requested: datetime
    updated: datetime
    address: str
    place: Place | None
    media_url: str


@dataclass(frozen=True, slots=True)
class RequestUpdate:
    """News of a request."""

    id: str
    request_id: str
    status: str
    at: datetime
    description: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Which requests are wanted."""

    ids: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    page: int = 1
    page_size: int = MOST


def file(
    session: Session, report: PublicReport, *, key: str | None, source: Actor, rules: CaseRules, now: datetime
) -> str:
    """Make a case of what a citizen wrote; the same `key` finds the one made before. Returns its id.

    Raises:
        KeyReused: the key belongs to another report.
    """
    category = CATEGORIES[report.service_code]
    said = {"description": report.description, "address": report.address, "media_url": report.media_url}
    identity = f"open311:{source.name}:{key}" if key else f"open311:{uuid.uuid4()}"
    filed = Filed(
        incident_id=str(uuid.uuid5(uuid.NAMESPACE_URL, identity)),
        kind=category.kind,
        class_name="report",
        zone="",
        camera="",
        raised_at=now,
        packet_sha256="",
    )
    known = session.scalar(select(CaseRow).where(CaseRow.idempotency_key == identity[:200]))
    if known is not None:
        return known.id
    at = report.place
    event = {
        "public": said | {"attributes": dict(report.attributes)},
        "position": None if at is None else {"lat": at.lat, "lon": at.lon, "error_m": at.error_m},
    }
    case, _ = file_report(
        session, filed, key=identity[:200], event=event, source=source, now=now, place=at, category=category.code
    )
    session.add(
        PublicRequestRow(
            case_id=case.id,
            service_code=report.service_code,
            **said,
            attributes=dict(report.attributes),
            contact=dict(report.contact),
            requested=now,
            updated=now,
        )
    )
    session.flush()
    merge_new(session, session.get_one(CaseRow, case.id), rules, now)
    return case.id


def find(session: Session, asked: Asked, now: datetime) -> list[ServiceRequest]:
    """Requests, newest first; without dates those of the last 90 days."""
    query = select(PublicRequestRow, CaseRow).join(CaseRow, CaseRow.id == PublicRequestRow.case_id)
    if asked.ids:
        query = query.where(PublicRequestRow.case_id.in_(asked.ids[:MOST]))
    else:
        since, until = _range(asked, now)
        query = query.where(PublicRequestRow.requested >= since, PublicRequestRow.requested <= until)
        if asked.codes:
            query = query.where(PublicRequestRow.service_code.in_(asked.codes))
        if asked.statuses and set(asked.statuses) != {"open", "closed"}:
            done = CaseRow.state.in_([s.value for s in _DONE])
            query = query.where(done if "closed" in asked.statuses else ~done)
    query = query.order_by(PublicRequestRow.requested.desc(), PublicRequestRow.case_id.desc())
    size = min(max(asked.page_size, 1), MOST)
    query = query.limit(size).offset((max(asked.page, 1) - 1) * size)
    return [_public(session, row, case) for row, case in session.execute(query)]


def updates(session: Session, since: datetime, until: datetime) -> list[RequestUpdate]:
    """What happened to requests between two moments, oldest first."""
    query = (
        select(CaseEventRow)
        .join(PublicRequestRow, PublicRequestRow.case_id == CaseEventRow.case_id)
        .where(CaseEventRow.at >= since, CaseEventRow.at <= until, CaseEventRow.move.in_(sorted(_NEWS)))
        .order_by(CaseEventRow.at, CaseEventRow.id)
        .limit(MOST)
    )
    return [
        RequestUpdate(f"{e.case_id}-{e.version}", e.case_id, _status(e.state), e.at, _zh_en(e.move, MOVES))
        for e in session.scalars(query)
    ]


def public_text(text: str) -> str:
    """A text without what looks like a telephone number or a mail address: citizens write theirs into it."""
    return _MAIL.sub("[…]", _PHONE.sub("[…]", text))


def _public(session: Session, row: PublicRequestRow, case: CaseRow) -> ServiceRequest:
    standing = case
    if case.merged_into is not None:  # another case stands for it, and its fate is this one's
        standing = session.get(CaseRow, case.merged_into) or case
    last = session.scalar(
        select(CaseEventRow.at)
        .where(CaseEventRow.case_id == standing.id)
        .order_by(CaseEventRow.version.desc())
        .limit(1)
    )
    return ServiceRequest(
        id=case.id,
        status=_status(standing.state),
        status_notes=_zh_en(standing.state, STATES),
        service_code=row.service_code,
        service_name=_name(row.service_code),
        description=public_text(row.description),
        agency=standing.unit or "",
        requested=row.requested,
        updated=max(last or row.updated, row.updated),
        address=public_text(row.address),
        place=Place(case.lat, case.lon, case.error_m or 0.0) if case.lat is not None and case.lon is not None else None,
        media_url=row.media_url,
    )


def _range(asked: Asked, now: datetime) -> tuple[datetime, datetime]:
    until = asked.until or (now if asked.since is None else min(now, asked.since + LONGEST_RANGE))
    since = asked.since or until - LONGEST_RANGE
    return max(since, until - LONGEST_RANGE), until


def _status(state: str) -> str:
    return "closed" if state in _DONE else "open"


def _zh_en(code: str, table: Mapping[str, Any]) -> str:
    said = words(table, code)
    return f"{said.zh} / {said.en}" if said.en else said.zh


def _name(code: str) -> str:
    row = CATEGORIES.get(code)
    return f"{row.zh} / {row.en}" if row else code


def codes(text: Sequence[str]) -> tuple[str, ...]:
    """A list that came comma-delimited, repeated, or both."""
    return tuple(part.strip() for given in text for part in given.split(",") if part.strip())
