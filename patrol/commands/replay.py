"""`patrol replay`: the same verdicts from recorded footage."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import click
from tqdm import tqdm

from patrol import assembly
from patrol.commands.run import SITE
from patrol.errors import WRONG_INPUT, RequestProblem
from patrol.logs import log_to_stderr
from patrol.replay import Verdicts, line_of
from patrol.replay import replay as judge
from patrol.site import CameraSite, Site
from rules.incident import Incident
from streams.footage import Footage, UnreadableFootage


@click.command()
@SITE
@click.argument("footage", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--camera", metavar="ID", help="Whose zones hold; needed when the site has several cameras.")
@click.option("--start", metavar="TIME", help="When the footage began, ISO 8601 with an offset.")
@click.option("--telemetry", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Of a moving camera.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line an incident and nothing else on stdout.")
@click.option(
    "--cadence",
    type=click.Choice(["full", "patrol"]),
    default="full",
    show_default=True,
    help="Look at all of it, or as a live camera is looked at: on key frames until something stands in a zone.",
)
@click.option("--explain", is_flag=True, help="Also say why, and what nearly was one (on stderr).")
def replay(
    site: Path,
    footage: tuple[Path, ...],
    camera: str | None,
    start: str | None,
    telemetry: Path | None,
    as_json: bool,
    cadence: str,
    explain: bool,
) -> None:
    """Judge recorded FOOTAGE as the cameras of SITE would; opens no camera and posts nothing."""
    log_to_stderr()
    if telemetry is not None:
        raise RequestProblem("--telemetry: footage of moving cameras cannot be placed on the map yet")
    judged = assembly.site_or_exit(site)
    chosen, began = _camera(judged, camera), _moment(start)
    detectors = assembly.detectors_of(judged)
    in_part = False
    for path in footage:
        try:
            opened = Footage(path, camera=chosen.id, start=began)
        except UnreadableFootage as problem:
            click.echo(str(problem), err=True)
            in_part = True
            continue
        with _Bar(opened) as bar:
            verdicts = judge(
                judged,
                chosen,
                detectors,
                opened,
                tell=lambda text: tqdm.write(text, file=sys.stderr),
                progress=bar,
                patrols=cadence == "patrol",
            )
        _show(verdicts, as_json, explain)
        for line in (*opened.notes, *verdicts.problems):
            click.echo(line, err=True)
        in_part = in_part or bool(verdicts.problems)
    if in_part:
        sys.exit(WRONG_INPUT)


def _camera(site: Site, name: str | None) -> CameraSite:
    known = sorted(site.cameras)
    if name is None and len(known) > 1:
        raise RequestProblem(f"--camera: the site has several, name one of {', '.join(known)}")
    chosen = known[0] if name is None else name
    if chosen not in site.cameras:
        raise RequestProblem(f"--camera: no camera {chosen!r}; the site has {', '.join(known)}")
    return site.cameras[chosen]


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as problem:
        raise RequestProblem(f"--start: expected ISO 8601 such as 2026-05-12T10:20:00+08:00, got {text!r}") from problem
    if moment.tzinfo is None:
        raise RequestProblem(f"--start: {text!r} has no offset; write 2026-05-12T10:20:00+08:00 or end it with Z")
    return moment


class _Bar:
    """A progress bar over seconds of footage, on a terminal only: a log wants lines, not a bar."""

    def __init__(self, footage: Footage) -> None:
        self._bar: tqdm[NoReturn] = tqdm(
            total=footage.duration_s or None,
            unit="s",
            desc=footage.path.name,
            disable=not sys.stderr.isatty(),
            bar_format="{desc}: {percentage:3.0f}% |{bar}| {n:.0f}/{total:.0f} s, {remaining} left",
        )

    def __enter__(self) -> "_Bar":
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def __call__(self, at_s: float) -> None:
        self._bar.update(max(0.0, at_s - self._bar.n))


def _show(verdicts: Verdicts, as_json: bool, explain: bool) -> None:
    for incident, packet in verdicts.raised:
        line = line_of(incident, packet.path)
        click.echo(json.dumps(line, ensure_ascii=False) if as_json else _sentence(incident, packet.path))
        if explain:
            _why(incident)
    if explain:
        for incident in verdicts.others:
            click.echo(
                f"no incident: {incident.kind} in {incident.zone_id} ({incident.phase}, {incident.state})", err=True
            )
            _why(incident)


def _sentence(incident: Incident, packet: Path) -> str:
    raised = (incident.raised or incident.last_seen).media_s
    left = "still there at the end" if incident.ended is None else f"gone at {incident.ended.media_s:.1f} s"
    return (
        f"{incident.kind}: {incident.class_name} in {incident.zone_id}, stood from {incident.started.media_s:.1f} s, "
        f"raised at {raised:.1f} s, {left}\n  {packet}"
    )


def _why(incident: Incident) -> None:
    for reason in incident.trace:
        click.echo(f"  {reason.code}: {reason.en} | {reason.zh}", err=True)
