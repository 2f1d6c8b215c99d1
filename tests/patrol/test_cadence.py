"""A camera on patrol finds what a camera that is always watched finds, and looks at far less."""

from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from detector.detections import Detections
from patrol import assembly
from patrol.attention import Attention, came_to_stand
from patrol.bench.incidents import compared, judged
from patrol.bench.scenes import scenes_in
from patrol.evidence_room import EvidenceRoom
from patrol.pipeline import CameraPatrol
from patrol.recorder import FootageRecorder
from patrol.replay import ReplayDesk
from patrol.site import Site
from rules.incident import IncidentState
from streams.clock import ClockSource, FrameClock
from streams.footage import Footage
from tests.conftest import SHARED
from tests.patrol.chain import SAMPLE, make_site

SCENES = SHARED / "data" / "scenes" / "public"
KEY_FRAME_S = 2.0
UNTIL_S = 34.0
"""Of the sample clip: verdict, seal and some seconds of patrol lie before."""
NOW = FrameClock(datetime(2026, 5, 12, 2, 0, tzinfo=UTC), ClockSource.FILE, 0.0, 0.0)
AT_THE_GATE, ELSEWHERE = (650.0, 50.0, 700.0, 100.0), (100.0, 300.0, 200.0, 400.0)


def found(*boxes: tuple[float, ...], name: str = "car") -> Detections:
    """Things that a detector saw."""
    n = len(boxes)
    return Detections(np.array(boxes, np.float32).reshape(n, 4), np.ones(n, np.float32), np.zeros(n, np.int64), (name,))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A gate that nobody may park in."""
    return assembly.site_or_exit(make_site(tmp_path / "site", "rtsp://127.0.0.1:9/nothing", dwell_s=5))


def patrolled(site: Site, footage: Footage, every: Callable[[CameraPatrol], None], *, patrols: bool) -> ReplayDesk:
    """Footage judged to its end; `every` is told after each packet."""
    (camera,), detectors = site.cameras.values(), assembly.detectors_of(site)
    desk = ReplayDesk(EvidenceRoom(site.data / "packets", site, detectors), datetime.now(UTC), lambda _: None)
    patrol = assembly.patrol_of(camera, detectors, FootageRecorder(footage), desk, patrols=patrols)
    for packet in footage.packets():
        if packet.clock.media_s > UNTIL_S:
            break
        patrol.take(packet)
        every(patrol)
    patrol.finish()
    return desk


def test_the_parked_van_is_found_as_at_full_rate_and_then_the_camera_goes_back_on_patrol(site: Site) -> None:
    modes: list[tuple[float, bool, bool, int]] = []

    def note(patrol: CameraPatrol) -> None:
        newest_s = patrol.newest.media_s if patrol.newest else 0.0
        modes.append((newest_s, patrol.watching, patrol.undecided, patrol.looks))

    sample = Footage(SAMPLE, camera="cam-1")
    patrol = patrolled(site, sample, note, patrols=True)
    full = patrolled(site, sample, lambda _: None, patrols=False)
    (a,) = [i for i in full.incidents.values() if i.state is not IncidentState.DROPPED]
    (b,) = [i for i in patrol.incidents.values() if i.state is not IncidentState.DROPPED]
    assert a.started.media_s == b.started.media_s, "the arrival was looked back at"
    assert a.raised is not None
    assert b.raised is not None
    assert abs(a.raised.media_s - b.raised.media_s) <= KEY_FRAME_S
    assert all(watching for _, watching, undecided, _ in modes if undecided), "what is undecided is watched"
    resting = [(at_s, looks) for at_s, watching, _, looks in modes if not watching and at_s > 20]
    assert resting, "a sealed incident does not keep the camera awake"
    (first_s, first), (last_s, last) = resting[0], resting[-1]
    assert (last - first) / (last_s - first_s) < 1.0, "looks a second on patrol"


def test_key_frames_that_are_too_rare_are_no_reason_to_miss_anything(site: Site, tmp_path: Path) -> None:
    rare = tmp_path / "rare.mp4"
    with av.open(str(SAMPLE)) as source, av.open(str(rare), "w") as target:
        stream = target.add_stream(
            "libx264", rate=10, options={"g": "2000", "sc_threshold": "0", "preset": "ultrafast"}
        )
        stream.width, stream.height, stream.pix_fmt = 768, 576, "yuv420p"
        for n, frame in enumerate(source.decode(video=0)):
            if n >= 160:
                break
            frame.pts, frame.time_base, frame.pict_type = n, Fraction(1, 10), av.video.frame.PictureType.NONE
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    looks = []
    desk = patrolled(site, Footage(rare, camera="cam-1"), lambda p: looks.append(p.looks), patrols=True)
    raised = [i for i in desk.incidents.values() if i.raised is not None]
    assert [i.zone_id for i in raised] == ["gate"]
    assert raised[0].started.media_s <= 8.0


def test_what_stands_in_a_zone_draws_attention_once(site: Site) -> None:
    attention = Attention(site.cameras["cam-1"].rules)
    assert attention.strangers(found(AT_THE_GATE, ELSEWHERE), NOW) == (AT_THE_GATE,)
    assert attention.strangers(found(AT_THE_GATE, name="person"), NOW) == ()
    attention.accept([AT_THE_GATE])
    assert attention.strangers(found(AT_THE_GATE), NOW) == ()
    assert attention.strangers(found(), NOW) == (), "missed once is not gone"
    assert attention.strangers(found(AT_THE_GATE), NOW) == ()
    attention.strangers(found(), NOW)
    attention.strangers(found(), NOW)
    assert attention.strangers(found(AT_THE_GATE), NOW) == (AT_THE_GATE,), "gone long enough to be another one"


def test_only_what_is_at_its_place_again_has_come_to_stand() -> None:
    assert came_to_stand([[AT_THE_GATE], []], [AT_THE_GATE, ELSEWHERE]) == (AT_THE_GATE,)
    assert came_to_stand([[ELSEWHERE]], [AT_THE_GATE]) == ()


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    "name", [f"p{n}" for n in range(1, 15)] if SCENES.is_dir() else [pytest.param("p1", marks=pytest.mark.skip)]
)
def test_every_scene_gives_the_same_incidents_on_patrol_as_at_full_rate(name: str) -> None:
    (scene,) = [s for s in scenes_in(SCENES) if s.name.startswith(f"{name}_")]
    differ = compared(judged(scene, patrols=False), judged(scene, patrols=True))
    assert differ["same"], differ
    assert differ["started_differs_s"] <= KEY_FRAME_S
