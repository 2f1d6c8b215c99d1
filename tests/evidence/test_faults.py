"""Whatever breaks while a packet is made: afterwards it is there whole, or not at all and can be made."""

import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from evidence import ledger
from evidence.packet import find_packet, seal_packet
from evidence.signing import BoxSigner, load_or_make
from evidence.verify import verify
from tests.evidence.breaking import AFTER, BEFORE, HALF, BreakingDisk
from tests.evidence.cases import SEALED_AT, contents, finding, now
from tests.evidence.tools import SOAK, long_proof


@pytest.fixture
def vault(tmp_path: Path, signer: BoxSigner) -> Path:
    """A vault with one packet."""
    seal_packet(tmp_path / "vault", contents(1), signer, SEALED_AT)
    return tmp_path / "vault"


def check(vault: Path, signer: BoxSigner) -> bool:
    """Every packet that can be seen is whole; sealing again brings all in order. Says whether it was there before."""
    was_there = find_packet(vault, finding(2)) is not None
    for bag in vault.glob("[0-9]*/*/*/*"):
        assert verify(bag).problems == ()
    again = seal_packet(vault, contents(2), signer, SEALED_AT)
    assert verify(again.path).problems == ()
    lines = list(ledger.entries(vault))
    assert [line.sequence for line in lines] == [1, 2]
    assert lines[1].previous == lines[0].sha256
    assert lines[1].sha256 == again.sha256
    assert len(list(vault.glob("[0-9]*/*/*/*"))) == 2
    assert not list((vault / ledger.PARTIAL).iterdir())
    assert not (vault / ledger.PENDING).exists()
    return was_there


def steps_of_sealing(vault: Path, signer: BoxSigner) -> int:
    """How many steps there are to break at."""
    counting = BreakingDisk()
    seal_packet(Path(shutil.copytree(vault, vault.with_name("counted"))), contents(2), signer, SEALED_AT, counting)
    return counting.steps


@long_proof
@pytest.mark.parametrize("turn", range(3) if SOAK else (0,))
def test_a_disk_that_is_full_at_any_step_leaves_a_whole_packet_or_none(
    vault: Path, signer: BoxSigner, turn: int
) -> None:
    steps = steps_of_sealing(vault, signer)
    assert steps >= 30
    outcomes = []
    for number in range(1, steps + 1):
        when = (BEFORE, HALF, AFTER)[(number + turn) % 3]
        copy = Path(shutil.copytree(vault, vault.with_name(f"broken-{number}")))
        with pytest.raises(OSError, match="No space left"):
            seal_packet(copy, contents(2), signer, SEALED_AT, BreakingDisk(number, when))
        outcomes.append(check(copy, signer))
        shutil.rmtree(copy)
    # None until the rename, whole from there on, and both kinds were seen.
    assert outcomes == sorted(outcomes)
    assert {True, False} == set(outcomes)


@long_proof
def test_a_program_that_is_killed_at_any_step_leaves_a_whole_packet_or_none(tmp_path: Path) -> None:
    signer = load_or_make(tmp_path / "keys", "Campus", now())
    vault = tmp_path / "vault"
    seal_packet(vault, contents(1), signer, SEALED_AT)
    (tmp_path / "case").write_bytes(pickle.dumps(contents(2)))
    command = [
        sys.executable,
        "-m",
        "tests.evidence.breaking",
        str(tmp_path / "case"),
        str(vault),
        str(tmp_path / "keys"),
    ]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    killed = sorted(tmp_path.glob("killed-*"))
    assert len(killed) >= (90 if SOAK else 30)
    outcomes = [check(copy, signer) for copy in killed]
    assert {True, False} == set(outcomes)
