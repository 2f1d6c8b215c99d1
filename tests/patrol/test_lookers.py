"""Cameras share the cores: fairly, watched ones first; what cannot be looked at is counted and keeps nobody waiting."""

import gc
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from detector.detector import Detector
from patrol import assembly
from patrol.evidence_room import EvidenceRoom
from patrol.lookers import Lookers, Seat
from patrol.pipeline import CameraPatrol
from patrol.recorder import LiveRecorder
from patrol.replay import ReplayDesk
from patrol.site import Site
from rules.engine import UnknownCamera
from streams.footage import Footage
from streams.packets import StreamPacket
from streams.ring import PacketRing
from streams.spool import Spool
from tests.patrol.chain import SAMPLE, make_site, until

FASTER = 40.0
"""The clip comes in so many times as fast as a camera would send it: more than any box can look at."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """One camera over the sample clip."""
    return assembly.site_or_exit(
        make_site(tmp_path_factory.mktemp("looks") / "site", "rtsp://127.0.0.1:9/x", dwell_s=5)
    )


@pytest.fixture(scope="module")
def detectors(site: Site) -> Sequence[Detector]:
    """The shipped ones, compiled once."""
    return assembly.detectors_of(site)


def make_patrol(site: Site, detectors: Sequence[Detector], name: str, folder: Path, *, patrols: bool) -> CameraPatrol:
    """One more camera of the site, recorded like a live one."""
    camera = site.cameras["cam-1"]
    ring = PacketRing(name, keep_s=60.0)
    recorder = LiveRecorder(ring, Spool(folder / name), 60.0)
    desk = ReplayDesk(EvidenceRoom(folder / "packets", site, detectors), datetime.now(UTC), lambda _: None)
    rules = replace(camera.rules, camera=name, zones=() if patrols else camera.rules.zones)
    return assembly.patrol_of(replace(camera, id=name, rules=rules), detectors, recorder, desk, patrols=patrols)


def play(packets: Sequence[StreamPacket], lookers: Lookers, seats: Sequence[Seat]) -> None:
    """Send the clip to all cameras, much too fast."""
    begun = time.monotonic()
    for packet in packets:
        time.sleep(max(0.0, begun + packet.clock.media_s / FASTER - time.monotonic()))
        for seat in seats:
            seat.patrol.record(packet)
            lookers.offer(seat, packet)


def test_a_box_that_is_too_small_sheds_looks_evenly_and_keeps_every_packet(
    site: Site, detectors: Sequence[Detector], tmp_path: Path
) -> None:
    packets = list(Footage(SAMPLE, camera="cam-1").packets())
    before = threading.active_count()
    with Lookers(1) as lookers:
        seats = [lookers.seat(make_patrol(site, detectors, f"cam-{n}", tmp_path, patrols=True)) for n in range(12)]
        play(packets, lookers, seats)
        until(lambda: not any(seat.busy or seat.keys for seat in seats), 60, "the last glances")
        assert threading.active_count() == before + 1
    glances = [seat.patrol.glances for seat in seats]
    assert sum(seat.shed for seat in seats) > 0, "nothing had to be shed: the test proves nothing"
    assert min(glances) >= 1
    assert max(glances) - min(glances) <= 0.5 * max(glances) + 1, glances
    keys = sum(packet.is_key for packet in packets)
    assert all(seat.patrol.glances + seat.shed == keys for seat in seats), "each look is made or counted as shed"
    assert threading.active_count() == before


def test_watched_cameras_are_looked_at_before_those_on_patrol(
    site: Site, detectors: Sequence[Detector], tmp_path: Path
) -> None:
    packets = [p for p in Footage(SAMPLE, camera="cam-1").packets() if p.clock.media_s <= 20.0]
    with Lookers(1) as lookers:
        watched = lookers.seat(make_patrol(site, detectors, "cam-1", tmp_path, patrols=False))
        others = [lookers.seat(make_patrol(site, detectors, f"cam-{n}", tmp_path, patrols=True)) for n in range(2, 6)]
        play(packets, lookers, [watched, *others])
        until(lambda: not watched.waiting and not watched.busy, 60, "the watched camera")
        newest = watched.patrol.newest
        assert newest is not None
        assert newest.media_s > 19.0
        assert watched.patrol.looks >= 20, "at least one a second, however late"
        assert sum(seat.shed for seat in others) > 0


def test_a_defect_in_a_look_reaches_the_cameras_own_thread(
    site: Site, detectors: Sequence[Detector], tmp_path: Path
) -> None:
    packets = [p for p in Footage(SAMPLE, camera="cam-1").packets() if p.clock.media_s <= 4.0]
    sound = make_patrol(site, detectors, "cam-1", tmp_path, patrols=False)
    broken = make_patrol(site, detectors, "cam-2", tmp_path, patrols=False)
    broken._engine = sound._engine  # which knows no cam-2
    with Lookers(1) as lookers:
        seat = lookers.seat(broken)
        lookers.offer(seat, packets[0])
        lookers.offer(seat, packets[1])
        until(lambda: seat.defect is not None, 30, "the defect")
        with pytest.raises(UnknownCamera):
            lookers.offer(seat, packets[2])
        again = lookers.seat(sound)
        for packet in packets:
            lookers.offer(again, packet)
        until(lambda: sound.looks > 5, 30, "looks of the others")


def _idle(seat: Seat) -> bool:
    return not seat.busy and not seat.keys


def test_rounds_and_wakes_leave_no_thread_and_no_file_open(
    site: Site, detectors: Sequence[Detector], tmp_path: Path
) -> None:
    packets = [p for p in Footage(SAMPLE, camera="cam-1").packets() if p.clock.media_s < 8.0]
    camera, open_files, woken = site.cameras["cam-1"], [], 0
    desk = ReplayDesk(EvidenceRoom(tmp_path / "packets", site, detectors), datetime.now(UTC), lambda _: None)
    spool = Spool(tmp_path / "spool")  # one for all lives, as the watcher has it
    for life in range(3):
        # Each life is one of the watcher after a defect: same folder, new patrol, and the van wakes it.
        recorder = LiveRecorder(PacketRing("cam-1", keep_s=10.0), spool, 10.0)
        patrol = assembly.patrol_of(camera, detectors, recorder, desk, patrols=True)
        with Lookers(2) as lookers:
            seat = lookers.seat(patrol)
            for packet in packets:
                patrol.record(packet)
                lookers.offer(seat, packet)
                if packet.is_key:  # sent faster than it is looked at, only the newest key frame would be glanced at
                    until(partial(_idle, seat), 60, f"the looks of life {life}")
            woken += patrol.watching
        del patrol, recorder, seat
        gc.collect()
        open_files.append(len(list(Path("/proc/self/fd").iterdir())))
    assert woken == 3, "nothing was watched: the test proves nothing"
    assert open_files[-1] <= open_files[0]
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("look-")]
