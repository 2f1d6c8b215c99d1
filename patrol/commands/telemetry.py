"""`patrol telemetry FILE... [--json]`: what a drone's or vehicle's log says, and what is doubtful in it."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from patrol.errors import WRONG_INPUT
from streams.telemetry.read import read_telemetry
from streams.telemetry.track import Sample, Telemetry, UnreadableTelemetry


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON line a file and nothing else on stdout.")
def telemetry(files: tuple[Path, ...], as_json: bool) -> None:
    """Read telemetry FILEs: 0 when all were read, warnings included; 1 with the reason when one is refused."""
    refused = False
    for path in files:
        try:
            read = read_telemetry(path)
        except UnreadableTelemetry as problem:
            click.echo(f"refused: {problem}", err=True)
            refused = True
            continue
        _show(read, as_json)
    if refused:
        sys.exit(WRONG_INPUT)


def line_of(read: Telemetry) -> Mapping[str, object]:
    """One file as `telemetry --json` prints it."""
    fixes = read.fixes
    return {
        "file": str(read.path),
        "format": read.format,
        "fixes": len(fixes),
        "first": _fix(fixes[0]) if fixes else None,
        "last": _fix(fixes[-1]) if fixes else None,
        "warnings": list(read.warnings),
    }


def _fix(sample: Sample) -> Mapping[str, object]:
    assert sample.point is not None  # noqa: S101 - a fix is a sample with a place
    return {
        "time": None if sample.time is None else sample.time.isoformat(),
        "lat": round(sample.point.lat, 8),
        "lon": round(sample.point.lon, 8),
        "rel_alt_m": sample.rel_alt_m,
    }


def _show(read: Telemetry, as_json: bool) -> None:
    line = line_of(read)
    if as_json:
        click.echo(json.dumps(line, ensure_ascii=False))
        return
    ends = [fix for fix in (line["first"], line["last"]) if isinstance(fix, Mapping)]
    spans = " to ".join(f"{fix['lat']}, {fix['lon']} at {fix['time'] or 'no time'}" for fix in ends)
    click.echo(f"{read.path}: {read.format}, {line['fixes']} fixes{': ' if spans else ''}{spans}")
    for warning in read.warnings:
        click.echo(f"  {warning}")
