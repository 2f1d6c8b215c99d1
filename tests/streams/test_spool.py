"""What the spool took is there after a kill, a torn write or a full disk."""

import random
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from streams.clock import ClockSource, FrameClock
from streams.footage import Footage
from streams.packets import StreamPacket
from streams.spool import DiskFull, DiskNearlyFull, Spool, SpoolError
from tests.streams.clips import make_clip

SEED = 20261123


@pytest.fixture(scope="module")
def packets(tmp_path_factory: pytest.TempPathFactory) -> list[StreamPacket]:
    clip = make_clip(tmp_path_factory.mktemp("spool") / "a.mp4", b_frames=2)
    start = datetime(2026, 3, 4, 5, 6, 7, 123456, tzinfo=UTC)
    return list(Footage(clip, camera="gate", start=start).packets())


@contextmanager
def files_at_most(size_bytes: int) -> Iterator[None]:
    """The kernel refuses to let a file grow beyond a size, in the middle of a write, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_was_written_is_read_back_exactly(tmp_path: Path, packets: list[StreamPacket]) -> None:
    spool = Spool(tmp_path / "new" / "folder")
    spool.open_range("inc-1", packets[:20])
    for packet in packets[20:]:
        spool.append("inc-1", packet)
    assert list(spool.read("inc-1")) == packets
    assert spool.names() == ("inc-1",)
    assert spool.size_bytes() > sum(len(packet.data) for packet in packets)
    spool.close("inc-1")
    assert list(Spool(tmp_path / "new" / "folder").read("inc-1")) == packets


@pytest.mark.parametrize("source", list(ClockSource))
def test_every_clock_comes_back_as_it_was(tmp_path: Path, packets: list[StreamPacket], source: ClockSource) -> None:
    clock = FrameClock(datetime(2031, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), source, 0.123, 1.9e9 + 1 / 3, 7)
    packet = replace(packets[0], clock=clock, session=3, pts=-5, dts=-2_000_000_000_000)
    spool = Spool(tmp_path)
    spool.open_range("a", [packet])
    assert list(spool.read("a")) == [packet]
    spool.close_all()


def test_codecs_and_sessions_may_change_in_a_range(tmp_path: Path, packets: list[StreamPacket]) -> None:
    other = replace(packets[0].codec, name="hevc", extradata=b"\x01\x00")
    mixed = [packets[0], replace(packets[1], codec=other, session=1), packets[2]]
    spool = Spool(tmp_path)
    spool.open_range("a", mixed)
    assert list(spool.read("a")) == mixed
    spool.close_all()


def test_a_killed_process_loses_nothing_it_had_appended(tmp_path: Path, packets: list[StreamPacket]) -> None:
    writer = """
import sys
from pathlib import Path
from streams.footage import Footage
from streams.spool import Spool
spool = Spool(Path(sys.argv[1]))
packets = list(Footage(sys.argv[2], camera="gate").packets())
spool.open_range("inc-1", packets[:1])
for i, packet in enumerate(packets[1:], 2):
    spool.append("inc-1", packet)
    print(i, flush=True)
sys.stdin.read()
"""
    clip = make_clip(tmp_path / "a.mp4", b_frames=2)
    command = [sys.executable, "-c", writer, str(tmp_path / "spool"), str(clip)]
    rng = random.Random(SEED)  # noqa: S311 - repeatable moments
    expected = list(Footage(clip, camera="gate").packets())
    for stop_at in (2, rng.randrange(3, 50), 50):
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if int(line) == stop_at:
                    break
            process.send_signal(signal.SIGKILL)
        spool = Spool(tmp_path / "spool")
        survived = list(spool.read("inc-1"))
        assert len(survived) >= stop_at
        assert survived == expected[: len(survived)]
        spool.delete("inc-1")


def test_a_file_torn_at_any_byte_is_read_up_to_there_and_goes_on(tmp_path: Path, packets: list[StreamPacket]) -> None:
    spool = Spool(tmp_path)
    spool.open_range("whole", packets)
    spool.close("whole")
    whole = (tmp_path / "whole.packets").read_bytes()
    rng = random.Random(SEED)  # noqa: S311 - repeatable cuts
    for cut in [0, 1, 7, 8, 9, 20, *(rng.randrange(len(whole)) for _ in range(40))]:
        (tmp_path / "torn.packets").write_bytes(whole[:cut])
        survived = list(spool.read("torn"))
        assert survived == packets[: len(survived)]
        restarted = Spool(tmp_path)
        for packet in packets[len(survived) :]:
            restarted.append("torn", packet)
        restarted.close("torn")
        assert list(restarted.read("torn")) == packets


def test_a_torn_end_of_noise_is_cut_off(tmp_path: Path, packets: list[StreamPacket]) -> None:
    spool = Spool(tmp_path)
    spool.open_range("a", packets[:10])
    spool.close("a")
    path = tmp_path / "a.packets"
    for noise in (b"\0" * 5000, b"\xff" * 5000, b"P" * 5000):
        path.write_bytes(path.read_bytes() + noise)
        assert list(spool.read("a")) == packets[:10]
    spool.append("a", packets[10])
    assert list(spool.read("a")) == packets[:11]
    spool.close("a")


def test_one_bad_sector_costs_one_packet(tmp_path: Path, packets: list[StreamPacket]) -> None:
    spool = Spool(tmp_path)
    spool.open_range("a", packets)
    spool.close("a")
    path = tmp_path / "a.packets"
    content = bytearray(path.read_bytes())
    at = content.index(packets[20].data)
    content[at] ^= 0x40
    path.write_bytes(content)
    assert list(spool.read("a")) == packets[:20] + packets[21:]
    spool.append("a", packets[20])
    assert list(spool.read("a")) == [*packets[:20], *packets[21:], packets[20]]
    spool.close("a")


def test_a_range_begun_again_takes_only_what_is_new(tmp_path: Path, packets: list[StreamPacket]) -> None:
    Spool(tmp_path).open_range("a", packets[:10])  # never closed: as after a kill
    again = Spool(tmp_path)
    again.open_range("a", packets)
    newest_s = max(packet.clock.media_s for packet in packets[:10])
    assert list(again.read("a")) == packets[:10] + [p for p in packets[10:] if p.clock.media_s > newest_s]
    again.close_all()


def test_a_full_disk_is_named_and_spoils_nothing(tmp_path: Path, packets: list[StreamPacket]) -> None:
    spool = Spool(tmp_path)
    spool.open_range("a", packets[:5])
    size = spool.size_bytes()
    with files_at_most(size + 100), pytest.raises(DiskFull, match=r"a\.packets: .*free space") as caught:
        spool.append("a", packets[5])
    assert isinstance(caught.value, SpoolError)
    assert list(spool.read("a")) == packets[:5]
    assert spool.size_bytes() == size
    spool.append("a", packets[5])  # there is room again
    assert list(spool.read("a")) == packets[:6]
    spool.close("a")


def test_a_disk_that_fills_while_a_range_begins_keeps_what_fitted(tmp_path: Path, packets: list[StreamPacket]) -> None:
    spool = Spool(tmp_path)
    for limit in (3, 40, 3000):
        name = f"a{limit}"
        with files_at_most(limit), pytest.raises(DiskFull):
            spool.open_range(name, packets)
        survived = list(spool.read(name))
        assert survived == packets[: len(survived)]
        assert len(survived) < len(packets)
        spool.open_range(name, packets)
        assert len(list(spool.read(name))) >= len(packets) - 2  # a B-frame shown before the cut is not taken twice
    spool.close_all()


def test_a_new_range_is_refused_when_the_disk_is_nearly_full(tmp_path: Path, packets: list[StreamPacket]) -> None:
    Spool(tmp_path).open_range("begun", packets[:10])
    spool = Spool(tmp_path, free_floor_bytes=1 << 62)
    with pytest.raises(DiskNearlyFull, match="MiB free") as caught:
        spool.open_range("new", packets)
    assert caught.value.floor_bytes == 1 << 62
    spool.append("begun", packets[10])
    assert len(list(spool.read("begun"))) == 11
    assert spool.names() == ("begun",)
    spool.close_all()


def test_a_deleted_range_stays_deleted(tmp_path: Path, packets: list[StreamPacket]) -> None:
    spool = Spool(tmp_path)
    spool.open_range("a", packets)
    spool.delete("a")
    spool.delete("a")
    assert spool.names() == ()
    with pytest.raises(FileNotFoundError):
        spool.append("a", packets[0])
    with pytest.raises(FileNotFoundError):
        list(spool.read("a"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "../a", "a/b", ".hidden", "a\0b", "x" * 121, "a b"])
def test_a_name_cannot_leave_the_folder(tmp_path: Path, name: str) -> None:
    spool = Spool(tmp_path)
    with pytest.raises(ValueError, match="name must match"):
        spool.open_range(name, [])


def test_another_file_is_not_taken_for_a_range(tmp_path: Path, packets: list[StreamPacket]) -> None:
    (tmp_path / "a.packets").write_text("not ours at all")
    spool = Spool(tmp_path)
    for use in (lambda: list(spool.read("a")), lambda: spool.append("a", packets[0])):
        with pytest.raises(ValueError, match="no packet range"):
            use()
    assert (tmp_path / "a.packets").read_text() == "not ours at all"


def test_cameras_write_their_own_ranges_at_the_same_time(tmp_path: Path, packets: list[StreamPacket]) -> None:
    spool = Spool(tmp_path)

    def record(name: str) -> None:
        spool.open_range(name, packets[:1])
        for packet in packets[1:]:
            spool.append(name, packet)

    writers = [threading.Thread(target=record, args=(f"cam-{i}",)) for i in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert all(list(spool.read(name)) == packets for name in spool.names())
    assert len(spool.names()) == 4
    spool.close_all()
