"""`patrol vault`: read everything again, delete what is over its time, hold what a court wants, export one case."""

import getpass
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import click
from tqdm import tqdm

from api.case_list import Wanted
from api.moves import CaseState
from api.store import Store
from evidence import vault as packets
from evidence.export import write_zip
from evidence.ledger import LEDGER, LedgerDamaged
from evidence.retention import RetentionTable, over
from evidence.verify import Problem, VaultReport, verify, verify_vault
from patrol import assembly
from patrol.commands.verify import show
from patrol.errors import WRONG_INPUT, InputProblem, RequestProblem
from patrol.site import Site

SITE = click.argument("site", type=click.Path(exists=True, file_okay=False, path_type=Path))
INCIDENT = click.argument("incident")
REASON = click.option("--reason", required=True, help="Why: a file number, a court's letter.")
_PAGE = 200


@click.group()
def vault() -> None:
    """The sealed packets of a site."""


@vault.command()
@SITE
def check(site: Path) -> None:
    """Read every packet of SITE again and report rot: 0 if all is as it was sealed, 1 and a line a problem if not.

    Run it from a timer, weekly for instance: a disk rots in silence.
    """
    found = assembly.site_or_exit(site)
    home = found.data / "packets"
    report = VaultReport((), (), 0, 0)
    if (home / LEDGER).is_file():
        certificate = found.data / "keys" / "box.crt"
        pinned = certificate.read_bytes() if certificate.is_file() else None
        with tqdm(desc="packets", disable=None, unit="") as bar:

            def told(done: int, of: int) -> None:
                bar.total = of
                bar.update(done - bar.n)

            report = verify_vault(home, pinned, found.evidence.tsa_certificate, told)
    show(home, report)
    received = _check_received(found)
    for problem in received:
        click.echo(f"{found.data / 'vault'}: {problem}")
    if received or not report.sound:
        sys.exit(WRONG_INPUT)


def _check_received(site: Site) -> list[Problem]:
    """The server's packets, each under its own digest."""
    problems: list[Problem] = []
    for folder in sorted((site.data / "vault" / "packets").glob("*/*")):
        report = verify(folder)
        problems += [Problem(f"{folder.name}/{p.file}", p.expected, p.found) for p in report.problems]
        if report.sound and report.sha256 != folder.name:
            problems.append(Problem(folder.name, "the packet of this digest", report.sha256))
    return problems


@vault.command()
@SITE
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
def sweep(site: Path, dry_run: bool) -> None:
    """Delete the packets of SITE whose time is over, by the [retention] of site.toml; each leaves a tombstone.

    What a legal hold is on stays, and so does the packet of every case that is still open.
    """
    found = assembly.site_or_exit(site)
    home, now = found.data / "packets", datetime.now(UTC)
    keep = found.retention
    kinds = {kind: {name.removesuffix("_days"): d for name, d in row.items()} for kind, row in keep.kinds.items()}
    table = RetentionTable({"dismissed": keep.dismissed_days, "closed": keep.closed_days}, kinds)
    packets.finish_deletions(home)
    held = packets.contents(home)
    with assembly.opened(found) as store:
        for case, incident, kind, state, since in _settled(store):
            kept = held.get(incident)
            if kept is None or kept.removed or not (why := over(table, kind, state, since, now, kept.held)):
                continue
            click.echo(f"{case}: {'would be deleted' if dry_run else 'deleted'}: {why}")
            if not dry_run:
                packets.delete(home, incident, why, "retention", now)
                _forget(found, kept.entry.sha256)


def _settled(store: Store) -> list[tuple[str, str, str, str, datetime]]:
    """Cases that came to an end: id, incident, kind, state, since when."""
    found: list[tuple[str, str, str, str, datetime]] = []
    for state in (CaseState.DISMISSED, CaseState.CLOSED):
        cases, total = store.cases(Wanted(state=state), limit=_PAGE)
        while len(cases) < total:
            cases += store.cases(Wanted(state=state), limit=_PAGE, offset=len(cases))[0]
        for case in cases:
            since = max((event.at for event in store.case(case.id).history), default=case.created)
            incident = getattr(case.report, "incident_id", "")
            found.append((case.id, incident, case.report.kind, state.value, since))
    return found


def _forget(site: Site, sha256: str) -> None:
    """The server's copy of a packet goes with it, where box and server are one machine."""
    shutil.rmtree(site.data / "vault" / "packets" / sha256[:2] / sha256, ignore_errors=True)


@vault.command()
@SITE
@INCIDENT
@REASON
def hold(site: Path, incident: str, reason: str) -> None:
    """Put a legal hold on the packet of INCIDENT: nothing deletes it until it is released."""
    _hold(site, incident, reason, active=True)


@vault.command()
@SITE
@INCIDENT
@REASON
def release(site: Path, incident: str, reason: str) -> None:
    """End the legal hold on the packet of INCIDENT."""
    _hold(site, incident, reason, active=False)


def _hold(site: Path, incident: str, reason: str, *, active: bool) -> None:
    home = assembly.site_or_exit(site).data / "packets"
    try:
        packets.hold(home, incident, active, reason, getpass.getuser(), datetime.now(UTC))
    except (packets.NoSuchIncident, FileNotFoundError, ValueError) as problem:
        raise RequestProblem(str(problem)) from problem
    except LedgerDamaged as problem:
        raise InputProblem(str(problem)) from problem
    click.echo(f"{incident}: {'held' if active else 'released'}")


@vault.command()
@SITE
@INCIDENT
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
def export(site: Path, incident: str, out: Path) -> None:
    """Write the sealed packet of INCIDENT to the zip OUT, as a stranger can verify it."""
    home = assembly.site_or_exit(site).data / "packets"
    kept = packets.contents(home).get(incident)
    if kept is None or kept.removed:
        raise RequestProblem(f"{home}: no packet of incident {incident!r}")
    with out.open("wb") as file:
        write_zip(home / kept.entry.path, file)
    click.echo(f"{out}: packet sha256 {kept.entry.sha256}; check it with docs/verify.md")
