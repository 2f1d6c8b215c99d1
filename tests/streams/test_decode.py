"""Packets become pictures: the right ones, at the right time, whatever is missing."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from streams.decode import PictureDecoder, UndecodableRange, decode_around
from streams.footage import Footage
from streams.frame import Frame
from streams.packets import Codec, StreamPacket
from tests.streams.clips import SHARED, make_clip, number_of


def packets_of(tmp_path: Path, *, b_frames: int = 0, codec: str = "libx264", gop: int = 10) -> list[StreamPacket]:
    clip = make_clip(tmp_path / f"{codec}-{b_frames}-{gop}.mkv", b_frames=b_frames, codec=codec, gop=gop)
    return list(Footage(clip, camera="gate").packets())


def decoded(decoder: PictureDecoder, packets: list[StreamPacket]) -> list[Frame]:
    return [frame for packet in packets for frame in decoder.decode(packet)] + decoder.flush()


@pytest.mark.parametrize(("codec", "b_frames"), [("libx264", 0), ("libx264", 3), ("libx265", 3), ("mpeg4", 2)])
def test_each_picture_has_the_clock_of_its_own_packet(tmp_path: Path, codec: str, b_frames: int) -> None:
    packets = packets_of(tmp_path, codec=codec, b_frames=b_frames)
    frames = decoded(PictureDecoder(packets[0].codec, camera="gate"), packets)
    assert [number_of(frame) for frame in frames] == list(range(50))
    assert [frame.clock for frame in frames] == sorted((p.clock for p in packets), key=lambda clock: clock.media_s)
    assert sum(frame.is_key for frame in frames) == sum(packet.is_key for packet in packets)
    assert {frame.camera for frame in frames} == {"gate"}


def test_a_stream_without_b_frames_gives_each_picture_at_once(tmp_path: Path) -> None:
    packets = packets_of(tmp_path)
    decoder = PictureDecoder(packets[0].codec, camera="gate")
    assert [len(decoder.decode(packet)) for packet in packets] == [1] * 50


@pytest.mark.parametrize("b_frames", [0, 2])
def test_key_frames_alone_come_at_once(tmp_path: Path, b_frames: int) -> None:
    packets = packets_of(tmp_path, b_frames=b_frames)
    decoder = PictureDecoder(packets[0].codec, camera="gate", key_frames_only=True)
    for packet in packets:
        frames = decoder.decode(packet)
        assert [number_of(frame) for frame in frames] == ([round(packet.clock.media_s * 25)] if packet.is_key else [])
    assert decoder.damaged == 0


def test_decoding_waits_for_the_first_key_frame(tmp_path: Path) -> None:
    packets = packets_of(tmp_path)[4:]
    decoder = PictureDecoder(packets[0].codec, camera="gate")
    assert [number_of(frame) for frame in decoded(decoder, packets)] == list(range(10, 50))
    assert decoder.skipped == 6
    assert decoder.damaged == 0


def test_a_new_session_starts_at_its_own_key_frame(tmp_path: Path) -> None:
    packets = packets_of(tmp_path)
    again = [replace(packet, session=1) for packet in packets]
    decoder = PictureDecoder(packets[0].codec, camera="gate")
    frames = decoded(decoder, packets[:15] + again[25:])
    assert [number_of(frame) for frame in frames] == [*range(15), *range(30, 50)]


def test_damaged_packets_are_counted_and_skipped(tmp_path: Path) -> None:
    packets = packets_of(tmp_path)
    broken = [replace(p, data=b"\xff" * 40) if i == 13 else p for i, p in enumerate(packets)]
    decoder = PictureDecoder(packets[0].codec, camera="gate")
    numbers = [number_of(frame) for frame in decoded(decoder, broken)]
    assert decoder.damaged >= 1
    assert numbers[:13] == list(range(13))
    assert numbers[-30:] == list(range(20, 50))


def test_an_empty_packet_is_damage_not_the_end(tmp_path: Path) -> None:
    packets = packets_of(tmp_path)
    decoder = PictureDecoder(packets[0].codec, camera="gate")
    frames = decoded(decoder, [*packets[:10], replace(packets[10], data=b""), *packets[20:]])
    assert [number_of(frame) for frame in frames] == [*range(10), *range(20, 50)]
    assert decoder.damaged == 1


def test_a_packet_of_another_codec_asks_for_another_decoder(tmp_path: Path) -> None:
    packets = packets_of(tmp_path)
    decoder = PictureDecoder(replace(packets[0].codec, size_px=(320, 240)), camera="gate")
    with pytest.raises(ValueError, match="make a new one"):
        decoder.decode(packets[0])


def test_an_unknown_codec_is_named() -> None:
    with pytest.raises(UndecodableRange, match="no decoder for dirac-xyz"):
        PictureDecoder(Codec("dirac-xyz", (16, 16), b"", Fraction(1, 90_000)), camera="gate")


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "comes_out"),
    [
        ("libx264", "yuv420p", "yuv420p"),
        ("libx264", "yuv420p10le", "yuv420p"),
        ("libx265", "yuv420p10le", "yuv420p"),
        ("libx264", "yuv422p", "yuv420p"),
        ("libx264", "yuv444p", "yuv420p"),
        ("mjpeg", "yuvj420p", "yuvj420p"),
        ("mjpeg", "yuvj422p", "yuv420p"),
    ],
)
def test_whatever_goes_in_8_bit_420_comes_out(tmp_path: Path, codec: str, pix_fmt: str, comes_out: str) -> None:
    footage = Footage(make_clip(tmp_path / "a.mkv", codec=codec, pix_fmt=pix_fmt, pictures=12), camera="gate")
    frames = decoded(PictureDecoder(footage.codec, camera="gate"), list(footage.packets()))
    assert {frame.picture.format.name for frame in frames} == {comes_out}
    assert [number_of(frame) for frame in frames] == list(range(12))


def test_a_decoder_reads_nothing_beyond_the_packet(tmp_path: Path) -> None:
    """PyAV hands Python's bytes to FFmpeg without padding; MPEG-4 then takes what lies behind them for picture."""
    clip = SHARED / "data" / "footage" / "residential_exposure_jump.avi"
    if not clip.exists():
        pytest.skip("needs ../shared/data/footage")
    footage = Footage(clip, camera="gate")
    decoder = PictureDecoder(footage.codec, camera="gate")
    assert len(decoded(decoder, list(footage.packets()))) == 59
    assert decoder.damaged == 0


def test_pictures_that_an_edit_list_hides_are_not_shown() -> None:
    clip = SHARED / "data" / "footage" / "carpark_person_bicycle_car.mp4"
    if not clip.exists():
        pytest.skip("needs ../shared/data/footage")
    packets = list(Footage(clip, camera="gate").packets())
    hidden = [packet for packet in packets if packet.clock.media_s < 0]
    frames = decoded(PictureDecoder(packets[0].codec, camera="gate"), packets)
    assert len(hidden) == 8
    assert len(frames) == len(packets) - 8
    assert frames[0].clock.media_s == 0


@pytest.mark.parametrize("b_frames", [0, 2])
def test_the_pictures_nearest_to_given_moments(tmp_path: Path, b_frames: int) -> None:
    packets = packets_of(tmp_path, b_frames=b_frames)
    wanted = [0.0, 1.0, 0.41, 1.97, 0.43, -5.0, 99.0]
    frames = decode_around(packets, wanted, camera="gate")
    assert [number_of(frame) for frame in frames] == [0, 25, 10, 49, 11, 0, 49]


def test_only_the_groups_that_are_needed_are_decoded(tmp_path: Path) -> None:
    packets = packets_of(tmp_path)
    # Everything but the third group is ruined: whoever decodes it by mistake gets nothing.
    ruined = [p if 20 <= i < 30 else replace(p, data=b"\xff" * 40) for i, p in enumerate(packets)]
    assert [number_of(f) for f in decode_around(ruined, [0.9, 1.0], camera="gate")] == [22, 25]


def test_a_ruined_group_falls_back_to_its_neighbour(tmp_path: Path) -> None:
    packets = packets_of(tmp_path)
    ruined = [replace(p, data=b"\xff" * 40) if 20 <= i < 30 else p for i, p in enumerate(packets)]
    assert [number_of(f) for f in decode_around(ruined, [0.88, 1.12], camera="gate")] == [19, 30]


def test_pictures_of_two_sessions_and_codecs_in_one_range(tmp_path: Path) -> None:
    first = packets_of(tmp_path)
    other = packets_of(tmp_path, codec="libx265")
    later = [replace(p, session=1, clock=replace(p.clock, media_s=p.clock.media_s + 10)) for p in other]
    frames = decode_around([*first, *later], [1.0, 11.0], camera="gate")
    assert [number_of(frame) for frame in frames] == [25, 25]
    assert [frame.clock.media_s for frame in frames] == pytest.approx([1.0, 11.0], abs=0.001)


def test_a_range_without_any_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UndecodableRange, match="gate: no picture near"):
        decode_around(packets_of(tmp_path)[1:9], [0.2], camera="gate")
    assert decode_around([], [], camera="gate") == []


def test_two_decoders_may_share_packets(tmp_path: Path) -> None:
    packets = packets_of(tmp_path, b_frames=2)
    one, two = (PictureDecoder(packets[0].codec, camera="gate") for _ in range(2))
    pairs = [(one.decode(packet), two.decode(packet)) for packet in packets]
    for ours, theirs in pairs:
        assert [f.clock for f in ours] == [f.clock for f in theirs]
        assert all(np.array_equal(a.luma(), b.luma()) for a, b in zip(ours, theirs, strict=True))
