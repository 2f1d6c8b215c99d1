"""`patrol verify PACKET... [--cert FILE] [--tsa-cert FILE]`: is a packet, a vault or a ledger what was sealed?"""

import sys
from pathlib import Path

import click

from evidence.verify import NotACertificate, Report, VaultReport, verify_ledger, verify_vault
from evidence.verify import verify as check
from patrol.errors import WRONG_INPUT, RequestProblem

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(name="verify")
@click.argument("packets", metavar="PACKET...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--cert", type=_FILE, help="The box's certificate as the bureau gave it to you; no other is accepted then."
)
@click.option("--tsa-cert", type=_FILE, help="The certificate of the time-stamping authority, or of who issued it.")
def verify(packets: tuple[Path, ...], cert: Path | None, tsa_cert: Path | None) -> None:
    """Check evidence packets: folders, zips, whole vaults, ledgers.

    Ends with 0 if all are sound, with 1 and a line a problem if not.
    """
    pinned, authority = (file.read_bytes() if file is not None else None for file in (cert, tsa_cert))
    sound = True
    for packet in packets:
        try:
            report = _report(packet, pinned, authority)
        except NotACertificate as error:
            raise RequestProblem(f"{cert or tsa_cert}: {error}") from error
        except OSError as error:
            raise RequestProblem(f"{packet}: cannot be read: {error.strerror}") from error
        show(packet, report)
        sound = sound and report.sound
    if not sound:
        sys.exit(WRONG_INPUT)


def show(packet: Path, report: Report | VaultReport) -> None:
    """The verdict: a line a problem, or `sound` with what a reader should know."""
    for problem in report.problems:
        click.echo(f"{packet}: {problem}")
    if not report.sound:
        return
    click.echo(f"{packet}: sound")
    if isinstance(report, Report):
        click.echo(f"  packet sha256 {report.sha256}, number {report.sequence}, incident {report.incident}")
        if report.stamped_at is not None:
            click.echo(f"  stamped {report.stamped_at:%Y-%m-%d %H:%M:%S} UTC by the time-stamping authority")
    else:
        click.echo(f"  {report.packets} packets in the ledger, {report.removed} of them deleted with a tombstone")
    for note in report.notes:
        click.echo(f"  note: {note}")


def _report(path: Path, pinned: bytes | None, authority: bytes | None) -> Report | VaultReport:
    if path.is_dir() and (path / "ledger.jsonl").is_file():
        return verify_vault(path, pinned, authority)
    if path.is_file() and path.suffix == ".jsonl":
        return verify_ledger(path, authority)
    return check(path, pinned, authority=authority)
