"""`patrol footage SITE DIR [--json]`: a flight or a patrol drive: every finding with its place and error."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import click
from tqdm import tqdm

from patrol import assembly
from patrol.commands.run import SITE
from patrol.errors import WRONG_INPUT, RequestProblem
from patrol.flight.batch import Batch, read_batch
from patrol.flight.eyes import eyes_of
from patrol.flight.looks import Camera
from patrol.flight.report import Finding, Reported, report
from patrol.flight.stills import survey_stills
from patrol.flight.survey import Flight, survey_video
from patrol.logs import log_to_stderr
from patrol.site import Site
from streams.decode import UndecodableRange
from streams.footage import UnreadableFootage
from streams.lens import aircraft as known_aircraft
from streams.terrain import Terrain, UnusableTerrain


@click.command()
@SITE
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON line a finding and nothing else on stdout.")
@click.option("--aircraft", metavar="NAME", help="Whose lens it is, where the log does not say its focal length.")
@click.option("--terrain", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A GeoTIFF of heights.")
def footage(site: Path, folder: Path, as_json: bool, aircraft: str | None, terrain: Path | None) -> None:
    """Find things in the recorded footage of drones and patrol vehicles in DIR; posts nothing."""
    log_to_stderr()
    judged = assembly.site_or_exit(site)
    if aircraft is not None and aircraft not in known_aircraft():
        raise RequestProblem(f"--aircraft: no {aircraft!r} in the table; it has {', '.join(sorted(known_aircraft()))}")
    ground = _terrain(terrain)
    batch = read_batch(folder, judged.timezone)
    if not batch.videos and not batch.stills:
        for line in (*batch.notes, *batch.problems):
            click.echo(line, err=True)
        click.echo(f"{folder}: holds no video and no picture with a place that can be read", err=True)
        sys.exit(WRONG_INPUT)
    flights, problems = _flown(judged, batch, aircraft, ground)
    reported = report(flights, judged.map_zones)
    for line in (*batch.notes, *(note for flight in flights for note in flight.notes), *reported.notes):
        click.echo(line, err=True)
    _show(flights, reported, as_json)
    for line in problems:
        click.echo(line, err=True)
    if problems:
        sys.exit(WRONG_INPUT)


def _terrain(path: Path | None) -> Terrain | None:
    if path is None:
        return None
    try:
        return Terrain.read(path)
    except UnusableTerrain as problem:
        raise RequestProblem(f"--terrain: {problem}") from problem


def _flown(site: Site, batch: Batch, aircraft: str | None, terrain: Terrain | None) -> tuple[list[Flight], list[str]]:
    """Every flight of the batch; one that breaks does not stop the others."""
    eyes, notes = eyes_of(site)
    batch.notes += notes
    flights: list[Flight] = []
    problems = list(batch.problems)
    total_s = sum(video.footage.duration_s for video in batch.videos) + len(batch.stills)
    with _bar(total_s) as bar:
        for video in batch.videos:
            base = bar.n
            try:
                camera = Camera(video, terrain, aircraft)
                flights.append(survey_video(video, camera, eyes, lambda at_s: _to(bar, base + at_s)))  # noqa: B023
            except (UnreadableFootage, UndecodableRange) as problem:
                problems.append(str(problem))
            _to(bar, base + video.footage.duration_s)
        if batch.stills:
            flights.append(survey_stills(batch.stills, aircraft, terrain, eyes, lambda step: _to(bar, bar.n + step)))
    problems += [problem for flight in flights for problem in flight.problems]
    return flights, problems


@contextmanager
def _bar(total_s: float) -> "Iterator[tqdm[NoReturn]]":
    shape = "{desc}: {percentage:3.0f}% |{bar}| {n:.0f}/{total:.0f} s, {remaining} left"
    bar: tqdm[NoReturn] = tqdm(
        total=total_s or None, unit="s", desc="footage", disable=not sys.stderr.isatty(), bar_format=shape
    )
    try:
        yield bar
    finally:
        bar.close()


def _to(bar: "tqdm[NoReturn]", at_s: float) -> None:
    bar.update(max(0.0, at_s - bar.n))


def _show(flights: list[Flight], reported: Reported, as_json: bool) -> None:
    for finding in reported.findings:
        click.echo(json.dumps(finding.line(), ensure_ascii=False) if as_json else _sentence(finding))
    for finding, later in reported.left:
        click.echo(f"gone in {later}: {_sentence(finding)}", err=as_json)
    for flight in flights:
        click.echo(
            f"{flight.name}: {flight.looks} looks, {len(flight.things)} things, {flight.passed} that drove past",
            err=True,
        )


def _sentence(finding: Finding) -> str:
    best = finding.thing.best
    place = "no place" if best.point is None else f"{best.point.lat:.6f}, {best.point.lon:.6f}"
    error = "" if best.error is None else f" ± {best.error.major_m:.1f} m"
    zone = "" if finding.judged.zone is None else f" {finding.judged.zone.id}"
    change = f", {finding.change}" if finding.change else ""
    proven = ", stay proven" if finding.stay_proven else ""
    what = f"{finding.flight}: {finding.thing.class_name} at {place}{error}"
    return f"{what}: {finding.judged.verdict}{zone}{change}{proven}"
