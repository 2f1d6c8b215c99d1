"""Is all well? Cameras, disk, outbox and database in one look, each trouble named with what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from api.cameras import WATCHED, CameraHealth
from api.outgoing import OutboxDepth
from api.parts import Parts

SILENT_AFTER = timedelta(seconds=60)
"""A watcher that said nothing for this long is not running."""

LATE_AFTER = timedelta(minutes=15)
"""A row that waits longer than this in the outbox is somebody's trouble."""


@dataclass(frozen=True, slots=True)
class Health:
    """One look at the site.

    Attributes:
        reasons: why it is not well; empty when it is.
        notices: what a person should see to, though the service works.
        disk_free_bytes: where evidence is kept.
    """

    reasons: tuple[str, ...]
    notices: tuple[str, ...]
    cameras: tuple[CameraHealth, ...]
    outbox: OutboxDepth
    disk_free_bytes: int

    @property
    def well(self) -> bool:
        """Nothing is wrong."""
        return not self.reasons


def look(parts: Parts, now: datetime) -> Health:
    """Ask every part how it is."""
    reasons: list[str] = []
    notices: list[str] = []
    free = parts.vault.free_bytes()
    if free < parts.vault.floor_bytes:
        reasons.append(
            f"disk: {free // 2**20} MiB free, below the floor of {parts.vault.floor_bytes // 2**20} MiB; "
            "no new evidence is taken until space is made"
        )
    try:
        parts.store.database.ping()
        depth = parts.store.outbox_depth()
        cameras = tuple(parts.camera_health())
    except SQLAlchemyError as exc:
        reasons.append(f"database: {type(exc).__name__}; check the disk and that no other program holds the file")
        return Health(tuple(reasons), (), (), OutboxDepth(), free)
    reasons += _camera_reasons(cameras, now)
    if depth.oldest is not None and now - depth.oldest > LATE_AFTER:
        minutes = int((now - depth.oldest).total_seconds() // 60)
        reasons.append(f"outbox: {sum(depth.waiting.values())} waiting, the oldest for {minutes} min; see last_error")
    notices += [f"outbox: {n} dead letters for {target}; see why and send again" for target, n in depth.dead.items()]
    return Health(tuple(reasons), tuple(notices), cameras, depth, free)


def _camera_reasons(cameras: Iterable[CameraHealth], now: datetime) -> list[str]:
    reasons = []
    for camera in cameras:
        silent_s = (now - camera.updated).total_seconds()
        if silent_s > SILENT_AFTER.total_seconds():
            reasons.append(
                f"camera {camera.camera}: its watcher said nothing for {silent_s:.0f} s; is `patrol run` up?"
            )
        elif camera.state != WATCHED:
            reasons.append(f"camera {camera.camera}: {camera.state}: {camera.detail}")
    return reasons
