"""`patrol check SITE`: is the site folder sound, and if not, what is to be done where?"""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from patrol.errors import WRONG_REQUEST
from patrol.site import Site, SiteErrors, load_site
from patrol.site.limits import read_limits
from patrol.site.routing import read_router


@click.command(name="check")
@click.argument("site", type=click.Path(path_type=Path))
def check(site: Path) -> None:
    """Validate a site folder: 0 if it is sound, else 2 and a line an error with file, line and what to do."""
    try:
        found = load_site(site)
        read_router(found)
        read_limits(found)
    except SiteErrors as errors:
        for error in errors.errors:
            click.echo(str(error))
        sys.exit(WRONG_REQUEST)
    for note in _notes(found):
        click.echo(f"note: {note}", err=True)
    click.echo(f"ok: {_counted(len(found.cameras), 'camera')}, {_counted(found.zone_count, 'zone')}")


def _notes(site: Site) -> list[str]:
    """What is no error, but should not surprise anybody later."""
    notes = [str(note) for note in site.notes]
    notes += [f"nothing judges {kind} zones yet; they are drawn and not watched" for kind in site.unjudged_kinds()]
    today = datetime.now(UTC).astimezone(site.timezone).date()
    next_year = today.replace(year=today.year + 1, day=1)
    # From October on the next year's days are published: time to enter them.
    for day in (today, next_year) if today.month >= 10 else (today,):
        if zones := site.unsure_hours(day):
            named = ", ".join(zones)
            notes.append(
                f"calendar.toml has no days of {day.year}: the hours of {named} are unsure then; add [{day.year}]"
            )
    return notes


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
