"""Footage that is cut off or damaged: what can be read is read, the rest is said, nothing else is raised."""

import random
from itertools import pairwise
from pathlib import Path

import pytest

from streams.decode import PictureDecoder
from streams.footage import Footage, UnreadableFootage
from tests.streams.clips import SHARED, make_clip

SEED = 20261123
FOOTAGE = sorted(path for path in (SHARED / "data" / "footage").glob("*") if path.suffix in (".mp4", ".avi"))

needs_footage = pytest.mark.skipif(not FOOTAGE, reason="needs ../shared/data/footage")


def read(path: Path) -> tuple[int, int, tuple[str, ...]]:
    """Packets, pictures (of key frames) and problems."""
    footage = Footage(path, camera="gate")
    decoder = PictureDecoder(footage.codec, camera="gate", key_frames_only=True)
    packets = pictures = 0
    newest_s = -1.0
    for packet in footage.packets():
        packets += 1
        for frame in decoder.decode(packet):
            assert frame.clock.media_s > newest_s
            newest_s = frame.clock.media_s
            pictures += 1
    return packets, pictures, footage.problems


@needs_footage
@pytest.mark.parametrize("path", FOOTAGE, ids=lambda path: path.name)
def test_real_footage_is_read_whole(path: Path) -> None:
    footage = Footage(path, camera="gate")
    times = sorted(packet.clock.media_s for packet in footage.packets())
    assert footage.problems == ()
    shown = [t for t in times if t >= 0]
    assert shown[0] == 0
    step = shown[1] - shown[0]
    assert shown[-1] + step == pytest.approx(footage.duration_s, abs=2 * step)


@needs_footage
@pytest.mark.parametrize("path", FOOTAGE, ids=lambda path: path.name)
def test_real_footage_cut_anywhere_raises_nothing_else(path: Path, tmp_path: Path) -> None:
    whole = path.read_bytes()
    rng = random.Random(f"{SEED} {path.name}")  # noqa: S311 - repeatable cuts
    for _ in range(3):
        length = rng.randrange(1, len(whole))
        cut = tmp_path / path.name
        cut.write_bytes(whole[:length])
        try:
            packets, _, problems = read(cut)
        except UnreadableFootage as refused:
            assert refused.what_to_do
            continue
        assert packets
        assert problems, f"cut at {length} of {len(whole)} bytes and nothing said"


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.avi", "a.h264"])
def test_a_cut_clip_gives_what_was_read(name: str, tmp_path: Path) -> None:
    # The index of an MP4 in front, as a recorder that expects the worst writes it; without it nothing can be read.
    options = {"movflags": "faststart"} if name == "a.mp4" else {}
    whole = make_clip(tmp_path / name, b_frames=2, options=options).read_bytes()
    cut = tmp_path / f"cut-{name}"
    cut.write_bytes(whole[: len(whole) * 6 // 10])
    packets, pictures, problems = read(cut)
    assert 10 <= packets <= 40
    assert pictures >= 2
    if name not in ("a.ts", "a.h264"):  # those two do not know how long they were
        assert any("cut off" in problem for problem in problems)


def test_an_mp4_cut_before_its_index_is_refused_with_advice(tmp_path: Path) -> None:
    whole = make_clip(tmp_path / "a.mp4").read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableFootage, match="copy it again"):
        Footage(cut, camera="gate")


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.avi", "a.h264"])
def test_flipped_bytes_never_raise(name: str, tmp_path: Path) -> None:
    whole = bytearray(make_clip(tmp_path / name, b_frames=2).read_bytes())
    rng = random.Random(SEED)  # noqa: S311 - repeatable damage
    hurt = tmp_path / f"hurt-{name}"
    for _ in range(8):
        copy = bytearray(whole)
        for _ in range(20):
            copy[rng.randrange(len(copy))] = rng.randrange(256)
        hurt.write_bytes(copy)
        try:
            footage = Footage(hurt, camera="gate")
            decoder = PictureDecoder(footage.codec, camera="gate")
            shown = [f.clock.media_s for packet in footage.packets() for f in decoder.decode(packet)]
            decoder.flush()
        except UnreadableFootage:
            continue
        assert all(earlier < later for earlier, later in pairwise(shown))
