"""Recorded files: every container, with clocks that mean something."""

import os
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest

from streams.clock import ClockSource
from streams.decode import PictureDecoder
from streams.footage import Footage, UnreadableFootage
from streams.footage_time import Timeline
from streams.frame import Frame
from tests.streams.clips import SIZE_PX, make_clip, make_uneven_clip, number_of

START = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def frames_of(footage: Footage) -> list[Frame]:
    decoder = PictureDecoder(footage.codec, camera=footage.camera)
    frames = [frame for packet in footage.packets() for frame in decoder.decode(packet)] + decoder.flush()
    assert decoder.damaged == 0
    return frames


@pytest.mark.parametrize(
    ("name", "codec", "b_frames"),
    [
        ("a.mp4", "libx264", 0),
        ("b.mp4", "libx264", 2),
        ("b.mkv", "libx264", 2),
        ("b.ts", "libx264", 2),
        ("b.avi", "libx264", 2),
        ("b.h264", "libx264", 2),
        ("a.h264", "libx264", 0),
        ("b.mkv", "libx265", 2),
        ("b.hevc", "libx265", 2),
        ("b.avi", "mpeg4", 2),
        ("a.avi", "msmpeg4", 0),
        ("a.flv", "libx264", 0),
    ],
)
def test_every_picture_comes_at_its_own_time(tmp_path: Path, name: str, codec: str, b_frames: int) -> None:
    footage = Footage(make_clip(tmp_path / name, codec=codec, b_frames=b_frames), camera="gate", start=START)
    frames = frames_of(footage)
    assert [number_of(frame) for frame in frames] == list(range(50))
    assert [frame.clock.media_s for frame in frames] == pytest.approx([i / 25 for i in range(50)], abs=0.0006)
    assert [f.clock.captured_at - START for f in frames] == [timedelta(seconds=f.clock.media_s) for f in frames]
    assert {frame.clock.source for frame in frames} == {ClockSource.FILE}
    assert footage.problems == ()
    assert footage.size_px == SIZE_PX


@pytest.mark.parametrize("name", ["b.mp4", "b.mkv", "b.ts", "b.avi", "b.h264"])
def test_packets_can_be_muxed_as_they_come(tmp_path: Path, name: str) -> None:
    packets = list(Footage(make_clip(tmp_path / name, b_frames=3), camera="gate").packets())
    assert all(earlier.dts < later.dts for earlier, later in pairwise(packets))
    assert all(packet.dts <= packet.pts for packet in packets)
    assert sum(packet.is_key for packet in packets) == 5


def test_packets_are_the_bytes_of_the_file(tmp_path: Path) -> None:
    raw = make_clip(tmp_path / "b.h264", b_frames=2)
    assert b"".join(packet.data for packet in Footage(raw, camera="gate").packets()) == raw.read_bytes()


def test_a_given_start_in_any_zone_names_the_first_picture(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", pictures=3)
    local = START.astimezone(timezone(timedelta(hours=8)))
    first = next(Footage(clip, camera="gate", start=local).packets())
    assert first.clock.captured_at == START
    assert first.clock.error_s == 1.0


def test_a_start_without_an_offset_is_refused(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", pictures=3)
    with pytest.raises(ValueError, match="offset from UTC"):
        Footage(clip, camera="gate", start=START.replace(tzinfo=None))


def test_the_creation_time_in_the_file_counts_but_is_not_trusted_to_the_hour(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", metadata={"creation_time": "2025-06-01T02:03:04.000000Z"})
    start = Footage(clip, camera="gate").start
    assert start.at == datetime(2025, 6, 1, 2, 3, 4, tzinfo=UTC)
    assert start.error_s == pytest.approx(14 * 3600 + 2)


@pytest.mark.parametrize(
    "nonsense", ["1904-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2000-01-01T00:00:07Z", "2999-01-01"]
)
def test_a_recorder_that_never_knew_the_time_is_not_believed(tmp_path: Path, nonsense: str) -> None:
    clip = make_clip(tmp_path / "a.mkv", metadata={"creation_time": nonsense})
    os.utime(clip, (START.timestamp(), START.timestamp()))
    footage = Footage(clip, camera="gate")
    assert footage.start.at == START - timedelta(seconds=footage.duration_s)
    assert footage.start.error_s > 365 * 86400
    assert "date of the file" in footage.notes[0]


def test_an_uneven_frame_rate_keeps_its_own_moments(tmp_path: Path) -> None:
    at_s = [0.0, 0.04, 0.5, 0.51, 3.0, 7.25, 7.3]
    footage = Footage(make_uneven_clip(tmp_path / "a.mp4", at_s), camera="gate")
    assert [frame.clock.media_s for frame in frames_of(footage)] == pytest.approx(at_s, abs=0.001)
    assert footage.problems == ()


def test_footage_that_starts_late_starts_at_zero(tmp_path: Path) -> None:
    late = make_uneven_clip(tmp_path / "a.ts", [100.0, 100.04, 100.08])
    assert [p.clock.media_s for p in Footage(late, camera="gate").packets()] == pytest.approx([0, 0.04, 0.08], abs=1e-4)


def test_recordings_joined_end_to_end_go_on_in_time_and_say_so(tmp_path: Path) -> None:
    part = make_clip(tmp_path / "a.ts", b_frames=2).read_bytes()
    joined = tmp_path / "joined.ts"
    joined.write_bytes(part + part + part)
    footage = Footage(joined, camera="gate")
    decoder = PictureDecoder(footage.codec, camera="gate")
    frames = [f for packet in footage.packets() for f in decoder.decode(packet)] + decoder.flush()
    times = [frame.clock.media_s for frame in frames]
    assert times == sorted(set(times))
    assert times[-1] == pytest.approx(149 / 25, abs=0.1)
    assert sum("jump back" in problem for problem in footage.problems) == 2


def test_a_gap_in_a_recording_stays_a_gap(tmp_path: Path) -> None:
    footage = Footage(make_uneven_clip(tmp_path / "a.mp4", [0.0, 0.04, 3600.0, 3600.04]), camera="gate")
    assert [p.clock.media_s for p in footage.packets()] == pytest.approx([0, 0.04, 3600, 3600.04], abs=0.001)


def test_a_counter_that_leaps_in_a_transport_stream_counts_as_no_time() -> None:
    line = Timeline(Fraction(1, 90_000), 0.04, may_restart=True)
    placed = [line.placed(t, t, 3600) for t in (0, 3600, 90_000 * 40_000, 90_000 * 40_000 + 3600)]
    assert [pts for pts, _ in placed] == [0, 3600, 7200, 10_800]
    assert [(at_s, round(step_s)) for at_s, step_s in line.jumps] == [(0.04, 40_000)]


def test_repeated_and_missing_timestamps_still_go_forward() -> None:
    line = Timeline(Fraction(1, 1000), 0.04, may_restart=False)
    placed = [line.placed(pts, dts, 40) for pts, dts in ((0, 0), (0, 0), (None, 40), (None, None), (120, 120))]
    assert placed == [(0, 0), (1, 1), (40, 40), (80, 80), (120, 120)]
    assert line.filled == 2
    assert line.jumps == []


def test_a_damaged_presentation_time_is_replaced() -> None:
    line = Timeline(Fraction(1, 90_000), 0.04, may_restart=True)
    placed = [line.placed(pts, dts, 3600) for pts, dts in ((3600, 0), (809_600_000, 3600), (10_800, 7200))]
    assert placed == [(3600, 0), (3600, 3600), (10_800, 7200)]
    assert line.filled == 1


def test_a_turned_video_is_noted_and_left_as_recorded(tmp_path: Path) -> None:
    footage = Footage(make_clip(tmp_path / "a.mp4", rotation_deg=90), camera="gate")
    assert footage.rotation_deg == 90
    assert footage.size_px == SIZE_PX == frames_of(footage)[0].size_px
    assert any("90°" in note for note in footage.notes)
    assert footage.problems == ()


def test_reading_twice_gives_the_same(tmp_path: Path) -> None:
    footage = Footage(make_clip(tmp_path / "a.mp4", b_frames=2), camera="gate")
    assert list(footage.packets()) == list(footage.packets())


def test_a_reader_may_stop_early(tmp_path: Path) -> None:
    packets = Footage(make_clip(tmp_path / "a.mp4"), camera="gate").packets()
    next(packets)
    packets.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["no:such.mp4", "100% of it.mp4", "日本 街.mp4", "-i.mp4"])
def test_a_strange_name_is_only_a_name(tmp_path: Path, name: str) -> None:
    assert len(list(Footage(make_clip(tmp_path / "a.mp4").rename(tmp_path / name), camera="gate").packets())) == 50


def test_a_playlist_cannot_lead_to_the_network(tmp_path: Path) -> None:
    playlist = tmp_path / "a.m3u8"
    playlist.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(UnreadableFootage):
        Footage(playlist, camera="gate")


def test_what_cannot_be_read_says_why_and_what_to_do(tmp_path: Path) -> None:
    empty, text, sound = tmp_path / "empty.mp4", tmp_path / "text.mp4", tmp_path / "sound.wav"
    empty.touch()
    text.write_text("no video " * 1000)
    with av.open(str(sound), "w") as out:
        stream = out.add_stream("pcm_s16le", rate=8000)
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame(format="s16", layout="mono", samples=800)
        frame.sample_rate = 8000
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    reasons = {
        tmp_path / "gone.mp4": "No such file",
        tmp_path: "not a file",
        empty: "empty",
        text: "Invalid data",
        sound: "no video",
    }
    for path, why in reasons.items():
        with pytest.raises(UnreadableFootage, match=why) as caught:
            Footage(path, camera="gate")
        assert caught.value.what_to_do
        assert str(path) in str(caught.value)
