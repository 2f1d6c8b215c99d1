"""`patrol doctor SITE`: can this box do what its site asks?"""

import json
import os
import sys
from pathlib import Path

import click

from patrol import assembly
from patrol.commands.run import SITE
from patrol.doctor import examine
from patrol.errors import WRONG_INPUT


@click.command()
@SITE
@click.option("--json", "as_json", is_flag=True, help="One JSON line a finding and nothing else on stdout.")
def doctor(site: Path, as_json: bool) -> None:
    """Try cameras, models, disk, clock and dispatch of SITE, and say how many cameras this box carries."""
    well = True
    for finding in examine(assembly.site_or_exit(site), os.environ):
        well = well and finding.ok
        if as_json:
            click.echo(json.dumps({"part": finding.part, "ok": finding.ok, "text": finding.text}, ensure_ascii=False))
        else:
            click.echo(f"{'ok ' if finding.ok else 'BAD'} {finding.part}: {finding.text}")
    if not well:
        sys.exit(WRONG_INPUT)
