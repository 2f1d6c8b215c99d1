"""`patrol route SITE`: which unit a case would go to, and why."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from api.cases import Place
from api.categories import CATEGORIES
from api.routing import Question
from patrol import assembly
from patrol.errors import RequestProblem
from patrol.site import SiteErrors
from patrol.site.routing import read_router


@click.command()
@click.argument("site", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--category", required=True, help=f"event code: {', '.join(CATEGORIES)}")
@click.option("--at", "place", nargs=2, type=float, metavar="LAT LON", help="where, degrees WGS 84, latitude first")
@click.option("--zone", default="", help="id of the zone it was judged by")
@click.option("--time", "moment", help="when, ISO 8601 with an offset; now by default")
@click.option("--explain", is_flag=True, help="show each rule and why it does not match")
@click.option("--json", "as_json", is_flag=True, help="one JSON object on stdout")
def route(
    site: Path,
    category: str,
    place: tuple[float, float] | None,
    zone: str,
    moment: str | None,
    explain: bool,
    as_json: bool,
) -> None:
    """Say which unit of SITE answers for a case; 0 with a unit, 1 where a person has to decide."""
    try:
        router = read_router(assembly.site_or_exit(site))
    except SiteErrors as errors:
        raise RequestProblem("\n".join(str(error) for error in errors.errors)) from errors
    if router is None:
        raise RequestProblem("the site has neither routing.toml nor grid.geojson; write one of them")
    try:
        at = Place(place[0], place[1], 0.0) if place else None
        when = datetime.fromisoformat(moment) if moment else datetime.now(UTC)
    except ValueError as problem:
        raise RequestProblem(str(problem)) from problem
    if when.tzinfo is None:
        raise RequestProblem(f"--time needs an offset, as 2026-11-23T08:00:00+08:00; got {moment}")
    found = router.route(Question(category, at, when, zone), explain=explain)
    if as_json:
        said = {"unit": found.unit, "rule": found.rule, "cells": found.cells, "why": found.why}
        click.echo(json.dumps(said, ensure_ascii=False))
    else:
        for line in found.why:
            click.echo(line)
    if found.unit is None:
        raise click.exceptions.Exit(1)
