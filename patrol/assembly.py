"""The one place that builds concrete classes: from a site folder to parts that work together."""

import contextlib
import fcntl
import importlib.metadata
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI

from api.app import create_app
from api.auth import NeedsToken, check_binding, is_loopback
from api.database import StoreUnusable
from api.dispatch.driver import Driver
from api.dispatch.outbox import Outbox
from api.dispatch.own_api import OwnApi
from api.store import Store
from api.tokens import OWN_BOX, TokenScope
from api.vault import CaseVault
from detector.change import CleanReference
from detector.detector import Detector
from detector.runtimes import choose
from detector.tracker import Tracker
from detector.yolo import YoloDetector
from models.registry import Registry
from patrol.attention import Attention
from patrol.dispatching import driver_of, limits_of, rules_of
from patrol.errors import RequestProblem
from patrol.evidence_room import EvidenceRoom
from patrol.observe import Observer
from patrol.pipeline import CameraPatrol, Desk
from patrol.recorder import LiveRecorder, Recorder
from patrol.sealing import BoxDesk
from patrol.service_manager import heartbeat
from patrol.site import CameraSite, Site, SiteErrors, load_site
from patrol.sources import PlayedFile, Source
from patrol.supervisor import Supervisor, Watch
from rules.engine import Engine
from rules.incident import Incident
from rules.kinds import DUMPING
from streams.cadence import Cadence
from streams.camera import Camera
from streams.footage import UnreadableFootage
from streams.ring import PacketRing
from streams.spool import Spool

LOOKS_PER_S = 5.0
RING_S, RING_BYTES = 60.0, 64 * 2**20
DISK_FLOOR_BYTES = 512 * 2**20
"""New clips stop while the disk has less than this free: the database must never be the one to stop."""

OWN_TARGET = "own"


def site_or_exit(folder: Path) -> Site:
    """The site of a folder.

    Raises:
        RequestProblem: it has errors; each is named with file, line and what to do.
    """
    try:
        return load_site(folder)
    except SiteErrors as errors:
        raise RequestProblem("\n".join(str(error) for error in errors.errors)) from errors


def detectors_of(site: Site, registry: Registry | None = None) -> tuple[Detector, ...]:
    """The detectors that the site names, or that its zones' kinds need; from this release unless told otherwise."""
    registry, runtime = registry or Registry.shipped(), choose()
    return tuple(YoloDetector.of(registry.get(name), runtime) for name in site.detectors)


def patrol_of(
    camera: CameraSite,
    detectors: Sequence[Detector],
    recorder: Recorder,
    desk: Desk,
    restored: Sequence[Incident] = (),
    *,
    patrols: bool = False,
) -> CameraPatrol:
    """One camera's loop; one that `patrols` decodes key frames alone while nothing is undecided."""
    return CameraPatrol(
        camera.id,
        Observer(camera.id, camera.size_px, detectors, Tracker(), reference_of(camera)),
        Engine({camera.id: camera.rules}, restored),
        recorder,
        Cadence(LOOKS_PER_S),
        desk,
        Attention(camera.rules) if patrols else None,
        restored,
    )


def reference_of(camera: CameraSite) -> CleanReference | None:
    """Past pictures, ten megabytes of them, only where a zone asks what was there before."""
    asks = any(zone.kind.rule == DUMPING for zone in camera.rules.zones)
    return CleanReference(camera.size_px) if asks else None


def source_of(camera: CameraSite, environment: Mapping[str, str]) -> Source:
    """Where the camera's packets come from; its password comes from the environment and goes nowhere else.

    Raises:
        RequestProblem: its source is a file that cannot be read.
    """
    if camera.is_network:
        return Camera(camera.id, camera.source, password=environment.get(camera.password_variable))
    try:
        return PlayedFile(camera.id, Path(camera.source))
    except UnreadableFootage as problem:
        raise RequestProblem(f"camera {camera.id}: {problem}") from problem


def watcher_of(
    site: Site, store: Store, targets: Mapping[str, Driver], *, always_watched: frozenset[str] = frozenset()
) -> Supervisor:
    """Everything that watches a site; its cameras patrol, but for those that are `always_watched`."""
    detectors = detectors_of(site)
    outbox = Outbox(store, targets, lambda: datetime.now(UTC), random.Random())  # noqa: S311 - jitter, no secret
    desk = BoxDesk(store, EvidenceRoom(site.data / "packets", site, detectors), tuple(targets), outbox.wake)
    watches = [_watch(site, c, detectors, desk, patrols=c.id not in always_watched) for c in site.cameras.values()]
    return Supervisor(store, watches, desk, outbox, workers=len(os.sched_getaffinity(0)), beat=heartbeat(os.environ))


def _watch(site: Site, camera: CameraSite, detectors: Sequence[Detector], desk: BoxDesk, *, patrols: bool) -> Watch:
    spool = Spool(site.data / "spool" / camera.id, free_floor_bytes=site.evidence.free_floor_bytes)

    def build(restored: Sequence[Incident]) -> CameraPatrol:
        ring = PacketRing(camera.id, keep_s=RING_S, max_bytes=RING_BYTES)
        recorder = LiveRecorder(ring, spool, RING_S, restored, desk.no_room)
        return patrol_of(camera, detectors, recorder, desk, restored, patrols=patrols)

    return Watch(camera.id, source_of(camera, os.environ), build)


def own_token(site: Site, store: Store) -> str:
    """What this site's own box shows to this site's own server; made at first need, kept for its owner alone."""
    path = site.data / "keys" / f"{OWN_BOX}.token"
    with contextlib.suppress(OSError):
        secret = path.read_text(encoding="ascii").strip()
        token = store.find_token(secret)
        if token is not None:
            return secret
    name = OWN_BOX
    number = 1
    while store.token_named(name) is not None:
        number += 1
        name = f"{OWN_BOX}-{number}"
    secret = store.make_token(name, TokenScope.BOX, datetime.now(UTC))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(secret + "\n")
    return secret


def targets_of(site: Site, store: Store, own_url: str, environment: Mapping[str, str]) -> dict[str, Driver]:
    """A driver for each dispatch target of the site; without any, the site's own server at `own_url`."""
    if not site.dispatch:
        return {OWN_TARGET: OwnApi(own_url, own_token(site, store))}
    drivers: dict[str, Driver] = {}
    for target in site.dispatch:
        secret = environment.get(target.token_variable)
        if secret is None and target.is_loopback and target.kind == "patrol":
            secret = own_token(site, store)
        if secret is None:
            raise RequestProblem(f"dispatch target {target.name}: set {target.token_variable} to its token or key")
        drivers[target.name] = driver_of(site, target, secret)
    return drivers


@contextlib.contextmanager
def only_watcher(site: Site) -> Iterator[None]:
    """Hold the site for one watching process.

    Raises:
        RequestProblem: another one watches it.
    """
    site.data.mkdir(parents=True, exist_ok=True)
    with (site.data / "watching.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise RequestProblem(f"{site.data}: another `patrol run` or `patrol up` watches this site") from taken
        yield


@contextlib.contextmanager
def opened(site: Site) -> Iterator[Store]:
    """The site's store, for as long as it is used.

    Raises:
        RequestProblem: the database cannot be used.
    """
    try:
        store = Store(site.data)
    except StoreUnusable as problem:
        raise RequestProblem(str(problem)) from problem
    try:
        yield store
    finally:
        store.close()


def service_of(site: Site, store: Store, host: str) -> FastAPI:
    """API and pages of a site, to listen on `host`.

    Raises:
        RequestProblem: `host` is not this machine, and no box has a token yet.
    """
    try:
        check_binding(host, store)
    except NeedsToken as problem:
        raise RequestProblem(str(problem)) from problem
    return create_app(
        store,
        CaseVault(site.data / "vault", floor_bytes=DISK_FLOOR_BYTES),
        require_page_token=not is_loopback(host),
        version=importlib.metadata.version("street-patrol"),
        site_name=site.name,
        timezone=site.timezone,
        rules=rules_of(site),
        limits=limits_of(site),
    )
