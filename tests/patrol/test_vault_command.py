"""`patrol vault` on a real site folder with real packets."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from evidence.packet import SealedPacket, seal_packet
from evidence.signing import load_or_make
from evidence.verify import verify
from patrol.commands.vault import vault as command
from tests.evidence.cases import SEALED_AT, contents, incident, now

ID = incident(1).id


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site that sealed two packets."""
    (tmp_path / "cameras").mkdir()
    (tmp_path / "site.toml").write_text('name = "Campus"\ntimezone = "Asia/Shanghai"\ncountry = "CN"\n')
    (tmp_path / "cameras" / "cam-1.toml").write_text('source = "rtsp://192.0.2.10/1"\nsize_px = [768, 576]\n')
    signer = load_or_make(tmp_path / "data" / "keys", "Campus", now())
    for number in (1, 2):
        sealed(tmp_path, number, signer)
    return tmp_path


def sealed(site: Path, number: int, signer: object) -> SealedPacket:
    return seal_packet(site / "data" / "packets", contents(number), signer, SEALED_AT)  # type: ignore[arg-type]


def run(*arguments: str | Path) -> Result:
    """The command as it is typed."""
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_check_reads_everything_again_and_names_rot(site: Path) -> None:
    good = run("check", site)
    assert good.exit_code == 0, good.output
    assert "2 packets in the ledger" in good.stdout
    clip = next((site / "data" / "packets").glob(f"*/*/*/{ID}/data/clip.mp4"))
    content = bytearray(clip.read_bytes())
    content[len(content) // 2] ^= 1
    clip.write_bytes(content)
    bad = run("check", site)
    assert bad.exit_code == 1
    assert f"{ID}/data/clip.mp4: expected sha256" in bad.stdout


def test_a_hold_is_kept_in_the_ledger_and_released_there(site: Path) -> None:
    assert run("hold", site, ID, "--reason", "court file 7").exit_code == 0
    assert '"held":1' in (site / "data" / "packets" / "ledger.jsonl").read_text()
    assert run("release", site, ID, "--reason", "ended").exit_code == 0
    assert run("check", site).exit_code == 0
    assert run("hold", site, "nobody", "--reason", "x").exit_code == 2


def test_a_sweep_leaves_what_no_case_has_settled(site: Path) -> None:
    done = run("sweep", site)
    assert (done.exit_code, done.stdout) == (0, "")
    assert len(list((site / "data" / "packets").glob("[0-9]*/*/*/*"))) == 2


def test_a_case_is_exported_redacted_and_a_stranger_can_verify_it(site: Path, tmp_path: Path) -> None:
    done = run("export", site, ID, tmp_path / "case.zip")
    assert done.exit_code == 0, done.output
    report = verify(tmp_path / "case.zip")
    assert report.problems == ()
    assert "a redacted copy of the sealed packet" in str(report.notes)
    assert run("export", site, "nobody", tmp_path / "no.zip").exit_code == 2


def test_the_sealed_packet_leaves_only_with_a_reason_that_is_written_down(site: Path, tmp_path: Path) -> None:
    assert run("export", site, ID, tmp_path / "case.zip", "--sealed").exit_code == 2
    assert run("export", site, ID, tmp_path / "case.zip", "--sealed", "--reason", "court file 7").exit_code == 0
    report = verify(tmp_path / "case.zip")
    assert (report.problems, report.incident) == ((), ID)
    assert "court file 7" in (site / "data" / "opened.jsonl").read_text()
