"""A stay of hours is kept as its opening, samples and its end; everything shorter is kept whole."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from detector.observation import Observation
from evidence.clip import cut
from evidence.sufficiency import clip_shortfalls
from patrol.look_log import LookLog, wanted_s
from patrol.recorder import LiveRecorder
from patrol.sampling import END_S, OPENING_S, SAMPLE_EVERY_S, left_out, thinned
from rules.incident import Incident, IncidentState
from streams.packets import StreamPacket
from streams.ring import PacketRing
from streams.spool import Spool
from tests.evidence.camera import clock, record
from tests.evidence.cases import finding, incident

HOURS_S = 3 * 3600.0


def stream(length_s: float) -> Iterator[StreamPacket]:
    """A camera of two pictures a second, a key frame every two seconds, for as long as it is wanted."""
    once = record(pictures=4, fps=2, gop=4)
    at_s, number = 0.0, 0
    while at_s < length_s:
        for place, packet in enumerate(once):
            pts = (number * 4 + place) * 45000
            yield replace(packet, pts=pts, dts=pts, clock=clock(at_s + place / 2))
        at_s, number = at_s + 2, number + 1


def stay(verdict_s: float, state: IncidentState) -> Incident:
    """Something that came at 20 s and was judged much later."""
    raised = clock(verdict_s) if state is IncidentState.RAISED else None
    return incident(started=clock(20.0), last_seen=clock(verdict_s), raised=raised, state=state)


@pytest.fixture
def recorder(tmp_path: Path) -> LiveRecorder:
    """A camera's own, with a ring of a minute."""
    return LiveRecorder(PacketRing("cam-1", keep_s=60.0), Spool(tmp_path / "spool"), 60.0)


def lived(recorder: LiveRecorder, verdict_s: float) -> Incident:
    """The whole stay, seen by a live recorder."""
    raised = stay(verdict_s, IncidentState.RAISED)
    followed = judged = False
    for packet in stream(verdict_s + 12):
        recorder.record(packet)
        if not followed and packet.clock.media_s > 21:
            recorder.follow(stay(22.0, IncidentState.CANDIDATE))
            followed = True
        if not judged and packet.clock.media_s > verdict_s:
            recorder.follow(raised)
            judged = True
    return raised


def test_of_three_hours_a_live_recorder_keeps_opening_samples_and_end(recorder: LiveRecorder, tmp_path: Path) -> None:
    raised = lived(recorder, HOURS_S)
    got = recorder.recording(raised)
    first_s, last_s = wanted_s(raised)
    at = [packet.clock.media_s for packet in got.packets]
    assert at == sorted(at)
    assert at[0] <= first_s
    assert at[-1] > last_s - 1
    assert got.sampled_s == left_out(first_s, last_s - 10) == (10 + OPENING_S, HOURS_S - END_S)
    kept_s = len(at) / 2
    assert kept_s < OPENING_S + END_S + 10 + HOURS_S / SAMPLE_EVERY_S * 6 + 20
    clip = cut(got.packets, tmp_path / "clip")
    assert len(clip.files) > 30
    found = finding(incident=raised, clip_s=got.wanted_s, sampled_s=got.sampled_s)
    assert clip_shortfalls(found, clip) == []
    assert [s.code for s in clip_shortfalls(replace(found, sampled_s=None), clip)] == ["clip_gap"]


def test_a_stay_of_ten_minutes_is_kept_whole(recorder: LiveRecorder) -> None:
    got = recorder.recording(lived(recorder, 580.0))
    assert got.sampled_s is None
    steps = [b.clock.media_s - a.clock.media_s for a, b in zip(got.packets, got.packets[1:], strict=False)]
    assert max(steps) == 0.5


def test_footage_is_thinned_the_same_way() -> None:
    kept = list(thinned(stream(HOURS_S), 10.0, HOURS_S - 20))
    assert [p.clock.media_s for p in kept][: int(OPENING_S * 2)] == [n / 2 for n in range(int(OPENING_S * 2))]
    end = [p for p in kept if p.clock.media_s >= HOURS_S - 20 - END_S]
    assert len(end) == (20 + END_S) * 2
    before = next(n for n, p in enumerate(kept) if p.clock.media_s >= HOURS_S - 20 - END_S)
    assert kept[before].is_key or kept[before - 1].clock.media_s == kept[before].clock.media_s - 0.5


def test_what_is_missing_after_a_restart_says_so(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    first = LiveRecorder(PacketRing("cam-1", keep_s=60.0), spool, 60.0)
    packets = list(stream(120.0))
    candidate = stay(30.0, IncidentState.CANDIDATE)
    for packet in packets[:80]:
        first.record(packet)
    first.follow(candidate)
    spool.close_all()
    second = LiveRecorder(PacketRing("cam-1", keep_s=60.0), Spool(tmp_path / "spool"), 60.0, [candidate])
    for packet in packets[120:]:
        second.record(packet)
    got = second.recording(stay(100.0, IncidentState.RAISED))
    assert "started again, at 60.0 s of the stream" in got.why_missing


def test_the_boxes_beside_the_clip_are_bounded_as_well() -> None:
    log = LookLog(60.0)
    log.follow(stay(22.0, IncidentState.CANDIDATE))
    for n in range(int(HOURS_S)):
        log.note(Observation("cam-1", clock(float(n)), ()))
    kept = [seen.clock.media_s for seen in log.between(0.0, HOURS_S)]
    assert kept == sorted(kept)
    assert kept[: int(OPENING_S)] == [10.0 + n for n in range(int(OPENING_S))]
    assert kept[-60:] == [HOURS_S - 60 + n for n in range(60)]
    assert len(kept) < OPENING_S + 60 + HOURS_S / SAMPLE_EVERY_S * 25
    log.follow(stay(22.0, IncidentState.DROPPED))
    assert len(log.between(0.0, HOURS_S)) <= 61


def test_without_room_new_recording_ends_with_an_alarm_and_what_was_begun_goes_on(tmp_path: Path) -> None:
    trouble = [""]
    spool = Spool(tmp_path / "spool")
    recorder = LiveRecorder(PacketRing("cam-1", keep_s=60.0), spool, 60.0, (), lambda: trouble[0])
    first, second = stay(22.0, IncidentState.CANDIDATE), replace(stay(22.0, IncidentState.CANDIDATE), id="second")
    packets = list(stream(60.0))
    for packet in packets[:50]:
        recorder.record(packet)
    recorder.follow(first)
    trouble[0] = "the vault is full"
    recorder.follow(second)
    size = spool.size_bytes()
    for packet in packets[50:]:
        recorder.record(packet)
    assert recorder.problem == "the vault is full"
    assert spool.names() == (first.id,)
    assert spool.size_bytes() > size
    assert recorder.recording(replace(second, raised=clock(40.0))).why_missing.startswith("the vault is full")
