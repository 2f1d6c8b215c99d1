"""What becomes of packets: a hold beats everything, deletion leaves a tombstone, pressure stops new recording first."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from evidence import vault as packets
from evidence.ledger import lines
from evidence.ledger_lines import Removed
from evidence.packet import SealedPacket, seal_packet
from evidence.retention import RetentionTable, over
from evidence.signing import BoxSigner
from evidence.vault import NoSuchIncident, PacketHeld, room_problem
from evidence.verify import verify_vault
from tests.evidence.breaking import AFTER, BEFORE, HALF, BreakingDisk
from tests.evidence.cases import SEALED_AT, contents, incident, now

TABLE = RetentionTable({"dismissed": 15, "closed": 1095}, {"dumped_waste": {"closed": 90}})


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, signer: BoxSigner) -> tuple[Path, list[SealedPacket]]:
    """Three packets; no test may change them."""
    vault = tmp_path_factory.mktemp("whole") / "vault"
    return vault, [seal_packet(vault, contents(n), signer, SEALED_AT) for n in (1, 2, 3)]


@pytest.fixture
def vault(whole: tuple[Path, list[SealedPacket]], tmp_path: Path) -> Path:
    """One to change."""
    return Path(shutil.copytree(whole[0], tmp_path / "vault"))


def test_deletion_leaves_a_tombstone_a_line_and_a_sound_chain(vault: Path, signer: BoxSigner) -> None:
    name = incident(2).id
    packets.delete(vault, name, "dismissed 15 days ago", "retention", now())
    report = verify_vault(vault)
    assert report.problems == ()
    assert (report.packets, report.removed) == (3, 1)
    grave = vault / "tombstones" / name
    assert {path.name for path in grave.iterdir()} >= {"tombstone.json", "tagmanifest-sha256.txt"}
    assert not [path for path in vault.rglob("*.mp4") if name in str(path)]
    said = [line for line in lines(vault) if isinstance(line, Removed)]
    assert [(line.removed, line.by) for line in said] == [(2, "retention")]
    assert seal_packet(vault, contents(4), signer, SEALED_AT).sequence == 4
    assert verify_vault(vault).sound
    with pytest.raises(NoSuchIncident):
        packets.delete(vault, name, "again", "retention", now())


def test_a_tombstone_that_vanishes_is_a_gap(vault: Path) -> None:
    packets.delete(vault, incident(2).id, "over", "retention", now())
    shutil.rmtree(vault / "tombstones")
    assert "its tombstone" in str(verify_vault(vault).problems[0])


def test_a_legal_hold_beats_deletion_until_it_is_released(vault: Path) -> None:
    name = incident(1).id
    packets.hold(vault, name, True, "court file 7", "clerk", now())
    assert packets.contents(vault)[name].held
    with pytest.raises(PacketHeld):
        packets.delete(vault, name, "over", "retention", now())
    packets.hold(vault, name, False, "case ended", "clerk", now())
    packets.delete(vault, name, "over", "retention", now())
    assert packets.contents(vault)[name].removed
    with pytest.raises(ValueError, match="needs a reason"):
        packets.hold(vault, incident(3).id, True, " ", "clerk", now())
    with pytest.raises(NoSuchIncident):
        packets.hold(vault, "nobody", True, "x", "clerk", now())


def test_whatever_breaks_while_deleting_the_packet_is_whole_or_properly_gone(vault: Path) -> None:
    name = incident(2).id
    counting = BreakingDisk()
    packets.delete(Path(shutil.copytree(vault, vault.with_name("counted"))), name, "over", "retention", now(), counting)
    assert counting.steps >= 10
    seen = set()
    for number in range(1, counting.steps + 1):
        copy = Path(shutil.copytree(vault, vault.with_name(f"broken-{number}")))
        disk = BreakingDisk(number, (BEFORE, HALF, AFTER)[number % 3])
        with pytest.raises(OSError, match="No space left"):
            packets.delete(copy, name, "over", "retention", now(), disk)
        packets.finish_deletions(copy)
        assert verify_vault(copy).problems == ()
        gone = packets.contents(copy)[name].removed
        seen.add(gone)
        if not gone:
            packets.delete(copy, name, "over", "retention", now())
            assert verify_vault(copy).removed == 1
        shutil.rmtree(copy)
    assert seen == {True, False}


@pytest.mark.parametrize(
    ("kind", "state", "days", "held", "goes"),
    [
        ("illegal_parking", "dismissed", 14.9, False, False),
        ("illegal_parking", "dismissed", 15.1, False, True),
        ("illegal_parking", "dismissed", 5000, True, False),
        ("illegal_parking", "closed", 1000, False, False),
        ("dumped_waste", "closed", 91, False, True),
        ("dumped_waste", "dismissed", 16, False, True),
        ("illegal_parking", "handling", 5000, False, False),
    ],
)
def test_retention_is_a_table_by_kind_and_state(kind: str, state: str, days: float, held: bool, goes: bool) -> None:
    assert bool(over(TABLE, kind, state, now() - timedelta(days=days), now(), held)) is goes


def test_a_table_of_no_days_is_refused() -> None:
    with pytest.raises(ValueError, match="1 day or more"):
        RetentionTable({"dismissed": 0})


def test_quota_and_floor_stop_new_recording_and_touch_nothing(vault: Path) -> None:
    before = sorted(vault.rglob("*"))
    assert room_problem(vault, None, 1) == ""
    assert "no new recording" in room_problem(vault, 1000, 1)
    assert "kept free" in room_problem(vault, None, 1 << 60)
    assert sorted(vault.rglob("*")) == before
