"""One zip that a stranger can verify, and strangers' zips that are not let in."""

import contextlib
import io
import random
import stat
import zipfile
from pathlib import Path

import pytest

from evidence.export import (
    ArchiveRefused,
    ArchiveTooLarge,
    ArchiveTooMany,
    ArchiveUnreadable,
    ArchiveUnsafe,
    unzip,
    write_zip,
    zip_chunks,
)
from evidence.packet import SealedPacket
from evidence.verify import verify
from tests.evidence.tools import needs, run


def test_an_exported_packet_verifies_as_it_comes(sealed: SealedPacket, tmp_path: Path) -> None:
    with (tmp_path / "case.zip").open("wb") as out:
        write_zip(sealed.path, out)
    report = verify(tmp_path / "case.zip")
    assert report.problems == ()
    assert report.sha256 == sealed.sha256


def test_the_usual_unzip_unpacks_it(sealed: SealedPacket, tmp_path: Path) -> None:
    (tmp_path / "case.zip").write_bytes(b"".join(zip_chunks(sealed.path)))
    done = run(needs("unzip"), "-q", "case.zip", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert verify(tmp_path / sealed.path.name).sha256 == sealed.sha256


def test_the_same_packet_makes_the_same_zip_and_nothing_in_it_is_compressed(sealed: SealedPacket) -> None:
    once, again = io.BytesIO(), b"".join(zip_chunks(sealed.path))
    write_zip(sealed.path, once)
    assert once.getvalue() == again
    with zipfile.ZipFile(once) as archive:
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
        assert archive.testzip() is None


def test_a_large_packet_is_never_held_in_memory_whole(tmp_path: Path) -> None:
    (tmp_path / "bagit.txt").write_text("x")
    with (tmp_path / "clip.mp4").open("wb") as file:
        file.truncate(20 << 20)
    sizes = [len(chunk) for chunk in zip_chunks(tmp_path)]
    assert sum(sizes) > 20 << 20
    assert max(sizes) < 2 << 20


def test_a_folder_that_is_no_packet_is_not_exported(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no packet"):
        list(zip_chunks(tmp_path))


def test_unpacking_gives_the_packet_back(sealed: SealedPacket, tmp_path: Path) -> None:
    packed = io.BytesIO(b"".join(zip_chunks(sealed.path)))
    root = unzip(packed, tmp_path)
    assert root == tmp_path / sealed.path.name
    names = sorted(path.relative_to(sealed.path) for path in sealed.path.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(root) for path in root.rglob("*") if path.is_file())
    assert all((root / name).read_bytes() == (sealed.path / name).read_bytes() for name in names)


def made(**entries: bytes) -> io.BytesIO:
    """A zip with some entries."""
    return made_of([(zipfile.ZipInfo(name), content) for name, content in entries.items()])


def made_of(entries: list[tuple[zipfile.ZipInfo, bytes]]) -> io.BytesIO:
    """A zip with some entries, as they are."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, content in entries:
            archive.writestr(entry, content)
    return packed


def linked() -> zipfile.ZipInfo:
    """A symbolic link as zip has it."""
    entry = zipfile.ZipInfo("data/link")
    entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return entry


@pytest.mark.parametrize(
    "name",
    [
        "../up.txt",
        "a/../../up.txt",
        "/etc/passwd",
        "C:\\up.txt",
        "a\\..\\b",
        "up\x07.txt",
        "a\u202egpj.exe",
        "..",
        ".",
        "x" * 200,
        "a/" * 20,
    ],
)
def test_a_name_that_could_climb_or_hide_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "inside").mkdir()
    with pytest.raises(ArchiveUnsafe):
        unzip(made(**{name: b"x"}), tmp_path / "inside")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_link_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveUnsafe, match="plain file"):
        unzip(made_of([(linked(), b"/etc/passwd")]), tmp_path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_comes_twice_is_refused(tmp_path: Path) -> None:
    twice = [(zipfile.ZipInfo(name), b"x") for name in ("data/a", "data/A")]
    with pytest.raises(ArchiveUnsafe, match="comes twice"):
        unzip(made_of(twice), tmp_path)


def test_a_bomb_is_stopped_by_what_comes_out_of_it(tmp_path: Path) -> None:
    entry = zipfile.ZipInfo("data/zeros")
    entry.compress_type = zipfile.ZIP_DEFLATED
    bomb = made_of([(entry, bytes(50 << 20))])
    assert len(bomb.getvalue()) < 100_000
    with pytest.raises(ArchiveTooLarge, match="at most 1000000 bytes"):
        unzip(bomb, tmp_path, max_bytes=1_000_000)
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) <= 1_000_000


def test_a_zip_that_lies_about_its_sizes_gains_nothing(tmp_path: Path) -> None:
    entry = zipfile.ZipInfo("zeros")
    entry.compress_type = zipfile.ZIP_DEFLATED
    packed = bytearray(made_of([(entry, bytes(5 << 20))]).getvalue())
    place = packed.rindex(b"PK\x01\x02") + 24
    packed[place : place + 4] = (10).to_bytes(4, "little")
    with pytest.raises(ArchiveRefused):
        unzip(io.BytesIO(bytes(packed)), tmp_path, max_bytes=1_000_000)


def test_too_many_files_are_refused_before_any_is_written(tmp_path: Path) -> None:
    with pytest.raises(ArchiveTooMany, match="at most 10 entries, found 11"):
        unzip(made(**{f"f{n}": b"" for n in range(11)}), tmp_path, max_files=10)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 rubbish", bytes(range(7, 107))], ids=["empty", "rubbish", "bytes"]
)
def test_what_is_no_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ArchiveUnreadable):
        unzip(io.BytesIO(content), tmp_path)


def test_a_damaged_or_encrypted_zip_is_refused(tmp_path: Path, sealed: SealedPacket) -> None:
    packed = bytearray(b"".join(zip_chunks(sealed.path)))
    packed[packed.index(b"moov") + 50] ^= 1
    with pytest.raises(ArchiveUnreadable):
        unzip(io.BytesIO(bytes(packed)), tmp_path)
    locked = bytearray(made(secret=b"x").getvalue())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(mark) + offset] |= 1
    with pytest.raises(ArchiveUnreadable, match="not a plain zip"):
        unzip(io.BytesIO(bytes(locked)), tmp_path)


def test_a_file_that_is_a_folder_as_well_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveUnsafe, match="at once"):
        unzip(made(**{"data": b"x", "data/a": b"x"}), tmp_path / "one")
    with pytest.raises(ArchiveUnsafe, match="at once"):
        unzip(made(**{"data/a": b"x", "data": b"x"}), tmp_path / "two")


def test_rubbish_in_a_zip_is_refused_never_a_crash(tmp_path: Path, sealed: SealedPacket) -> None:
    chance = random.Random(1)  # noqa: S311 - places, not keys
    small = made(**{"p/bagit.txt": b"x" * 50, "p/data/a": bytes(200)}).getvalue()
    for number in range(300):
        packed = bytearray(small)
        for _ in range(3):
            packed[chance.randrange(len(packed))] = chance.randrange(256)
        (tmp_path / f"{number}").mkdir()
        with contextlib.suppress(ArchiveRefused):
            unzip(io.BytesIO(bytes(packed)), tmp_path / f"{number}")


def test_a_bad_zip_is_a_problem_in_the_verifiers_report(tmp_path: Path) -> None:
    (tmp_path / "case.zip").write_bytes(made(**{"../up": b"x"}).getvalue())
    assert "plain relative name" in str(verify(tmp_path / "case.zip").problems[0])
    (tmp_path / "case.zip").write_bytes(made(**{"bagit.txt": b"x"}).getvalue())
    assert not verify(tmp_path / "case.zip").sound
    assert not verify(tmp_path / "case.zip", max_files=0).sound
