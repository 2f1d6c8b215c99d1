"""The clip is the camera's own bytes on one continuous timeline."""

import contextlib
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

from evidence.clip import ClipFacts, cut
from streams.clock import ClockSource, FrameClock
from streams.packets import Codec, StreamPacket
from tests.evidence.camera import DATA, annex_b_units, clock, demuxed, later, prefixed_units, record, shown


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("global_header", [False, True])
def test_an_mp4_holds_the_cameras_own_pictures(tmp_path: Path, codec: str, global_header: bool) -> None:
    packets = record(codec, global_header=global_header)
    facts = cut(packets, tmp_path / "clip")
    assert [file.name for file in facts.files] == ["clip.mp4"]
    written = demuxed(tmp_path / "clip.mp4")
    assert [prefixed_units(data) for data, *_ in written] == [annex_b_units(p.data) for p in packets]
    assert [key for *_, key in written] == [p.is_key for p in packets]
    assert [number for _, number in shown(tmp_path / "clip.mp4")] == list(range(50))


def test_the_index_stands_in_front_of_the_pictures(tmp_path: Path) -> None:
    cut(record(), tmp_path / "clip")
    written = (tmp_path / "clip.mp4").read_bytes()
    assert written.index(b"moov") < written.index(b"mdat")


@pytest.mark.parametrize("codec", ["mjpeg", "mpeg4", "msmpeg4v2", "wmv2"])
def test_any_other_codec_goes_into_matroska_byte_for_byte(tmp_path: Path, codec: str) -> None:
    packets = record(codec, pictures=12, size_px=(352, 288))
    facts = cut(packets, tmp_path / "clip")
    assert [file.name for file in facts.files] == ["clip.mkv"]
    assert [data for data, *_ in demuxed(tmp_path / "clip.mkv")] == [p.data for p in packets]
    assert [number for _, number in shown(tmp_path / "clip.mkv")] == list(range(12))


def test_pictures_that_are_stored_out_of_order_are_shown_in_order(tmp_path: Path) -> None:
    packets = record(b_frames=2, pictures=40)
    assert any(p.dts != p.pts for p in packets)
    facts = cut(packets, tmp_path / "clip")
    assert [number for _, number in shown(tmp_path / "clip.mp4")] == list(range(40))
    assert [media_s for media_s, _ in facts.files[0].pictures] == pytest.approx([n / 25 for n in range(40)])
    written = demuxed(tmp_path / "clip.mp4")
    assert [pts - dts for _, pts, dts, _ in written] == pytest.approx([(p.pts - p.dts) / 90000 for p in packets])


def test_time_runs_on_over_a_reconnect_and_the_hole_is_named(tmp_path: Path) -> None:
    first = record(pictures=50, first_pts=900_000)
    second = record(pictures=50, first_number=100, start_s=7.0, session=1, first_pts=5)
    facts = cut([*first, *second], tmp_path / "clip")
    times = [at for at, _ in shown(tmp_path / "clip.mp4")]
    assert times == pytest.approx([n / 25 for n in range(50)] + [7.0 + n / 25 for n in range(50)], abs=1e-4)
    assert [*facts.gaps[0]] == pytest.approx([1.96, 7.0])
    assert len(facts.gaps) == 1
    assert [facts.first_s, facts.last_s] == pytest.approx([0.0, 8.96])
    assert facts.frames == 100


def test_sessions_whose_clocks_overlap_keep_their_order(tmp_path: Path) -> None:
    first = record(pictures=25)
    facts = cut([*first, *later(first, 0.5, session=1)], tmp_path / "clip")
    shown_at = shown(tmp_path / "clip.mp4")
    assert [number for _, number in shown_at] == [*range(25), *range(25)]
    assert sorted(at for at, _ in shown_at) == [at for at, _ in shown_at]
    assert facts.frames == 50


def test_each_picture_is_found_at_its_moment(tmp_path: Path) -> None:
    packets = record(b_frames=2, pictures=60, start_s=1_700_000_000.0)
    facts = cut(packets, tmp_path / "clip")
    by_time = dict(shown(tmp_path / "clip.mp4"))
    for number in (0, 17, 59):
        place = facts.place(1_700_000_000.0 + number / 25)
        assert place is not None
        name, clip_s = place
        assert name == "clip.mp4"
        nearest = min(by_time, key=lambda at: abs(at - clip_s))
        assert by_time[nearest] == number
    assert facts.place(1_700_000_000.0 + 60.0) is None


def test_a_clip_starts_at_a_key_frame(tmp_path: Path) -> None:
    packets = record(pictures=50, gop=20)[7:]
    facts = cut(packets, tmp_path / "clip")
    assert facts.first_s == pytest.approx(20 / 25)
    assert shown(tmp_path / "clip.mp4")[0] == (0.0, 20)


def test_a_session_that_begins_in_the_middle_leaves_a_gap_not_rubbish(tmp_path: Path) -> None:
    first = record(pictures=25)
    second = record(pictures=60, gop=40, first_number=100, start_s=1.0, session=1)[1:]
    facts = cut([*first, *second], tmp_path / "clip")
    assert [number for _, number in shown(tmp_path / "clip.mp4")] == [*range(25), *range(140, 160)]
    assert [*facts.gaps[0]] == pytest.approx([0.96, 2.6])
    assert len(facts.gaps) == 1


def test_a_change_of_codec_makes_another_file(tmp_path: Path) -> None:
    small = record(pictures=25, global_header=True)
    large = record(pictures=25, size_px=(640, 480), first_number=25, start_s=1.0, session=1, global_header=True)
    other = record("hevc", pictures=25, first_number=50, start_s=2.0, session=2)
    facts = cut([*small, *large, *other], tmp_path / "clip")
    assert [(f.name, f.codec, f.size_px) for f in facts.files] == [
        ("clip.mp4", "h264", (320, 240)),
        ("clip-2.mp4", "h264", (640, 480)),
        ("clip-3.mp4", "hevc", (320, 240)),
    ]
    numbers = [number for file in facts.files for _, number in shown(tmp_path / file.name)]
    assert numbers == list(range(75))
    assert facts.gaps == ()
    place = facts.place(1.52)
    assert place is not None
    assert (place[0], round(place[1], 3)) == ("clip-2.mp4", 0.52)


def test_without_a_key_frame_there_is_no_clip(tmp_path: Path) -> None:
    facts = cut(record(pictures=25)[1:], tmp_path / "clip")
    assert facts == ClipFacts((), ())
    assert facts.first_s is None
    assert list(tmp_path.iterdir()) == []


def test_a_repeated_timestamp_does_not_spoil_the_clip(tmp_path: Path) -> None:
    packets = record(pictures=10)
    packets[4] = replace(packets[4], pts=packets[3].pts, dts=packets[3].dts)
    cut(packets, tmp_path / "clip")
    assert [number for _, number in shown(tmp_path / "clip.mp4")] == list(range(10))


@pytest.mark.parametrize("codec", ["h264", "mjpeg"])
def test_the_same_packets_make_the_same_bytes(tmp_path: Path, codec: str) -> None:
    packets = record(codec, pictures=10)
    for name in ("a", "b"):
        cut(packets, tmp_path / name)
    one, two = (next(tmp_path.glob(f"{name}.*")).read_bytes() for name in ("a", "b"))
    assert one == two


def test_no_room_on_the_disk_is_an_error_not_a_short_clip(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    (tmp_path / "clip.mp4").symlink_to(full)
    with pytest.raises(OSError):
        cut(record(), tmp_path / "clip")


def test_a_real_clip_keeps_every_byte(tmp_path: Path) -> None:
    source = DATA / "footage" / "campus_parked_van.mp4"
    if not source.exists():
        pytest.skip(f"{source.name} is not beside the repository")
    packets = packets_of(source)
    facts = cut(packets, tmp_path / "clip")
    assert [data for data, *_ in demuxed(tmp_path / "clip.mp4")] == [p.data for p in packets]
    assert facts.frames == len(packets) == 795


def packets_of(source: Path) -> list[StreamPacket]:
    """The packets of a file as footage gives them."""
    with contextlib.closing(av.open(str(source))) as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        extradata = stream.codec_context.extradata or b""
        codec = Codec(stream.codec_context.name, (stream.width, stream.height), extradata, Fraction(stream.time_base))
        return [
            StreamPacket(
                bytes(p),
                p.pts or 0,
                p.dts or 0,
                p.duration or 0,
                p.is_keyframe,
                FrameClock(
                    clock(float((p.pts or 0) * codec.time_base)).captured_at,
                    ClockSource.FILE,
                    0.5,
                    float((p.pts or 0) * codec.time_base),
                ),
                codec,
            )
            for p in container.demux(stream)
            if p.size
        ]
