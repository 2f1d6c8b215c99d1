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
from evidence.copies import redacted
from evidence.disk import Disk
from evidence.event import canonical
from evidence.export import write_zip
from evidence.faces import FaceFinder, FinderMissing
from evidence.ledger import LEDGER, LedgerDamaged
from evidence.plates import PlateFinder
from evidence.redact import Finders
from evidence.retention import RetentionTable, over
from evidence.signing import load_or_make
from evidence.timestamps import utc_text
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
    """The server's packet goes with it, where box and server are one machine, and so does every copy."""
    for folder in (site.data / "vault" / "packets" / sha256[:2] / sha256, *(site.data / "copies").glob(f"*/{sha256}")):
        shutil.rmtree(folder, ignore_errors=True)


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
@click.option("--sealed", is_flag=True, help="The sealed packet itself, with everybody in it; needs --reason.")
@click.option("--reason", default="", help="Who wants the sealed packet, and why; it is written down.")
def export(site: Path, incident: str, out: Path, sealed: bool, reason: str) -> None:
    """Write the packet of INCIDENT to the zip OUT, as a stranger can verify it.

    Without --sealed it is the redacted copy: bystanders' faces and unrelated plates are gone from pictures and clip.
    """
    if sealed and not reason.strip():
        raise RequestProblem("the sealed packet shows bystanders: say with --reason who wants it and why")
    found = assembly.site_or_exit(site)
    home = found.data / "packets"
    kept = packets.contents(home).get(incident)
    if kept is None or kept.removed:
        raise RequestProblem(f"{home}: no packet of incident {incident!r}")
    packet = home / kept.entry.path
    if sealed:
        _write_down(found, kept.entry.sha256, reason)
    else:
        packet = _redacted(found, packet)
    with out.open("wb") as file:
        write_zip(packet, file)
    what = "the sealed packet" if sealed else "a redacted copy of packet"
    click.echo(f"{out}: {what} {kept.entry.sha256}; check it with docs/verify.md")


def _redacted(site: Site, packet: Path) -> Path:
    """Made now, or found as it was made before."""
    now = datetime.now(UTC)
    try:
        finders = Finders(FaceFinder(), PlateFinder())
    except FinderMissing as missing:
        raise RequestProblem(str(missing)) from missing
    return redacted(packet, site.data / "copies", finders, load_or_make(site.data / "keys", site.name, now), now)


def _write_down(site: Site, sha256: str, reason: str) -> None:
    """Who took an unredacted packet out of the vault is known for as long as the site is."""
    line = {"at": utc_text(datetime.now(UTC)), "by": getpass.getuser(), "packet": sha256, "reason": reason.strip()}
    Disk().append(site.data / "opened.jsonl", canonical(line) + b"\n")
