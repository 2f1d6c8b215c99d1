"""The tables, as typed classes. `api/migrations` makes them; a test holds the two to each other."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, stored in UTC; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """To the database."""
        if value is not None and value.tzinfo is None:
            raise ValueError(f"a stored moment must be aware, got {value!r}")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """From the database, which may have dropped the zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """All tables of one database file."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime, dict[str, Any]: JSON}  # noqa: RUF012 - SQLAlchemy reads it from the class


class IncidentRow(Base):
    """An incident as the box last knew it; `body` is the whole of it."""

    __tablename__ = "incidents"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    camera: Mapped[str] = mapped_column(String(200), index=True)
    state: Mapped[str] = mapped_column(String(16), index=True)
    ended: Mapped[bool]
    body: Mapped[dict[str, Any]]
    updated: Mapped[datetime]


class PacketRow(Base):
    """A sealed packet of an incident; `part` counts from 0, the later ones are follow-ups."""

    __tablename__ = "packets"
    __table_args__ = (UniqueConstraint("incident_id", "part"),)

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    incident_id: Mapped[str] = mapped_column(ForeignKey("incidents.id"))
    part: Mapped[int]
    path: Mapped[str] = mapped_column(Text)
    sealed_at: Mapped[datetime]


class OutboxRow(Base):
    """One thing to send to one target, until the target has acknowledged it."""

    __tablename__ = "outbox"
    __table_args__ = (UniqueConstraint("target", "idempotency_key"), Index(None, "state", "next_try_at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    target: Mapped[str] = mapped_column(String(100))
    idempotency_key: Mapped[str] = mapped_column(String(200))
    payload: Mapped[dict[str, Any]]
    packet_path: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int]
    next_try_at: Mapped[datetime]
    last_error: Mapped[str | None] = mapped_column(Text)
    reference: Mapped[str | None] = mapped_column(String(200))
    created: Mapped[datetime]
    updated: Mapped[datetime]


class CaseRow(Base):
    """A case somebody answers for."""

    __tablename__ = "cases"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(String(200), unique=True)
    body_sha256: Mapped[str] = mapped_column(String(64))
    incident_id: Mapped[str] = mapped_column(String(64), index=True)
    kind: Mapped[str] = mapped_column(String(64))
    class_name: Mapped[str] = mapped_column(String(64))
    zone: Mapped[str] = mapped_column(String(200))
    camera: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(32), index=True)
    raised_at: Mapped[datetime]
    packet_sha256: Mapped[str] = mapped_column(String(64), index=True)
    source: Mapped[str] = mapped_column(String(100))
    report: Mapped[dict[str, Any]]
    event: Mapped[dict[str, Any]]
    created: Mapped[datetime] = mapped_column(index=True)
    version: Mapped[int]
    track: Mapped[str] = mapped_column(String(16))
    category: Mapped[str] = mapped_column(String(16), index=True)
    unit: Mapped[str | None] = mapped_column(String(100), index=True)
    lat: Mapped[float | None] = mapped_column(Float)
    lon: Mapped[float | None] = mapped_column(Float)
    error_m: Mapped[float | None] = mapped_column(Float)
    escalation: Mapped[int]
    merged_into: Mapped[str | None] = mapped_column(String(32), index=True)


class CaseEventRow(Base):
    """One move of a case. Rows are only ever added."""

    __tablename__ = "case_events"
    __table_args__ = (Index(None, "case_id", "version", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    actor: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime]
    move: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    role: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(32))
    data: Mapped[dict[str, Any]]


class PublicRequestRow(Base):
    """What a citizen filed through Open311; `contact` is personal and is shown on no public answer."""

    __tablename__ = "public_requests"

    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    service_code: Mapped[str] = mapped_column(String(64), index=True)
    description: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    media_url: Mapped[str] = mapped_column(Text)
    attributes: Mapped[dict[str, Any]]
    contact: Mapped[dict[str, Any]]
    requested: Mapped[datetime] = mapped_column(index=True)
    updated: Mapped[datetime]


class TokenRow(Base):
    """A bearer token, known only by its digest."""

    __tablename__ = "tokens"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    scope: Mapped[str] = mapped_column(String(16))
    created: Mapped[datetime]
    revoked: Mapped[datetime | None]
    unit: Mapped[str | None] = mapped_column(String(100))


class CameraRow(Base):
    """What the watching process last said about one camera, for the serving process to show."""

    __tablename__ = "cameras"

    camera: Mapped[str] = mapped_column(String(200), primary_key=True)
    state: Mapped[str] = mapped_column(String(32))
    detail: Mapped[str] = mapped_column(Text)
    frame_at: Mapped[datetime | None]
    updated: Mapped[datetime]


class CounterRow(Base):
    """The last number given out, by name: case numbers of a year."""

    __tablename__ = "counters"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[int]
