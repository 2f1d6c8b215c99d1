"""What the watching process says about its cameras, kept so that the serving process can show it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from api.tables import CameraRow

WATCHED = "watched"


@dataclass(frozen=True, slots=True)
class CameraHealth:
    """One camera, as its watcher last saw it.

    Attributes:
        camera: its id.
        state: `watched` when frames come; anything else names the trouble: `connecting`, `lost`, `wrong_password`, ...
        detail: what happened and what to do, without any secret; empty when all is well.
        frame_at: when the newest frame was taken.
        updated: when the watcher said so.
    """

    camera: str
    state: str
    detail: str
    frame_at: datetime | None
    updated: datetime


def note(session: Session, health: CameraHealth) -> None:
    """Keep the newest word on a camera."""
    row = session.get(CameraRow, health.camera)
    if row is None:
        row = CameraRow(camera=health.camera)
        session.add(row)
    row.state, row.detail = health.state, health.detail
    row.frame_at, row.updated = health.frame_at, health.updated


def listing(session: Session) -> list[CameraHealth]:
    """Every camera that was ever reported, by id."""
    rows = session.scalars(select(CameraRow).order_by(CameraRow.camera))
    return [CameraHealth(row.camera, row.state, row.detail, row.frame_at, row.updated) for row in rows]


def forget_others(session: Session, cameras: frozenset[str]) -> None:
    """Drop cameras that the site no longer has."""
    session.execute(delete(CameraRow).where(CameraRow.camera.not_in(cameras)))
