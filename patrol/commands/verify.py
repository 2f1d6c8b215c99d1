"""`patrol verify PACKET... [--cert FILE]`: is a packet what was sealed?"""

import sys
from pathlib import Path

import click

from evidence.verify import NotACertificate, Report
from evidence.verify import verify as check
from patrol.errors import WRONG_INPUT, RequestProblem


@click.command(name="verify")
@click.argument("packets", metavar="PACKET...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--cert",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The box's certificate as the bureau gave it to you; no other is accepted then.",
)
def verify(packets: tuple[Path, ...], cert: Path | None) -> None:
    """Check evidence packets, folders or zips: 0 if all are sound, 1 and a line a problem if not."""
    pinned = cert.read_bytes() if cert is not None else None
    sound = True
    for packet in packets:
        try:
            report = check(packet, pinned)
        except NotACertificate as error:
            raise RequestProblem(f"{cert}: {error}") from error
        except OSError as error:
            raise RequestProblem(f"{packet}: cannot be read: {error.strerror}") from error
        _show(packet, report)
        sound = sound and report.sound
    if not sound:
        sys.exit(WRONG_INPUT)


def _show(packet: Path, report: Report) -> None:
    for problem in report.problems:
        click.echo(f"{packet}: {problem}")
    if report.sound:
        click.echo(f"{packet}: sound")
        click.echo(f"  packet sha256 {report.sha256}, number {report.sequence}, incident {report.incident}")
        for note in report.notes:
            click.echo(f"  note: {note}")
