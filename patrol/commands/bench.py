"""`patrol bench`: what this machine carries and whether what it finds is right."""

import importlib.metadata
import json
import platform
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from patrol.bench import api as api_bench
from patrol.bench import cameras as cameras_bench
from patrol.bench import footage as footage_bench
from patrol.bench import incidents as incidents_bench
from patrol.bench.show import table

JSON = click.option("--json", "as_json", is_flag=True, help="JSON and nothing else on stdout.")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def bench() -> None:
    """Measure this machine: ratios within one run, never records."""


@bench.command()
@JSON
@click.option("--clip", type=FILE, help="H.264 without B-frames; by default one is made: 1080p25, 4 Mbit/s, GOP 50.")
@click.option("--mode", "modes", type=click.Choice(cameras_bench.MODES), multiple=True, help="By default all three.")
@click.option("--cameras", default=10, show_default=True, type=click.IntRange(1), help="At full rate a fifth of them.")
@click.option("--seconds", default=30.0, show_default=True, type=click.FloatRange(1), help="Of each run.")
@click.option("--peer-python", metavar="PATH", help="A Python with ultralytics or supervision in it.")
@click.option("--peer-weights", default="yolov8n.pt", show_default=True, help="What ultralytics track() runs.")
@click.option("--cores", default="0,1", show_default=True, help="Core of the box, core of the simulated cameras.")
def cameras(
    as_json: bool,
    clip: Path | None,
    modes: Sequence[str],
    cameras: int,
    seconds: float,
    peer_python: str | None,
    peer_weights: str,
    cores: str,
) -> None:
    """How many RTSP cameras one core carries, beside the bound of decode and inference and beside other loops."""
    try:
        box, street = (int(core) for core in cores.split(","))
    except ValueError:
        raise click.BadParameter(f"expected two cores such as 0,1, got {cores!r}", param_hint="--cores") from None
    plan = cameras_bench.Plan(
        clip, modes or cameras_bench.MODES, cameras, seconds, peer_python, peer_weights, (box, street)
    )
    _show(cameras_bench.measure(plan), as_json)


@bench.command()
@JSON
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--only", default="", help="Scenes whose name contains this.")
def incidents(as_json: bool, folder: Path, only: str) -> None:
    """Recall, precision, duplicates and delay on scenes with truth in FOLDER, on patrol and at full rate."""
    figures = incidents_bench.measure(folder, only)
    if as_json:
        click.echo(json.dumps(figures))
        return
    click.echo(table(figures["scenes"]))
    click.echo(table([{"mode": mode, **total} for mode, total in figures["total"].items()]))
    _where()


@bench.command()
@JSON
@click.argument("clips", nargs=-1, type=FILE)
def footage(as_json: bool, clips: tuple[Path, ...]) -> None:
    """How many times faster than playing CLIPS are judged; without any, the demo's."""
    _show(footage_bench.measure(clips), as_json)


@bench.command()
@JSON
@click.option("--seconds", default=5.0, show_default=True, type=click.FloatRange(0.1), help="For each path.")
def api(as_json: bool, seconds: float) -> None:
    """Requests a second that the service answers, and how long each takes."""
    _show(api_bench.measure(seconds), as_json)


def _show(rows: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(rows))
        return
    click.echo(table(rows))
    _where()


def _where() -> None:
    """Machine, versions and date: without them a figure means nothing."""
    names = ("street-patrol", "av", "openvino", "onnxruntime", "opencv-python-headless", "numpy")
    versions = ", ".join(f"{name} {_version(name)}" for name in names)
    click.echo(f"\n{datetime.now(UTC):%Y-%m-%d}, {_processor()}, Python {platform.python_version()}, {versions}")
    click.echo(f"command: patrol {' '.join(sys.argv[1:])}")


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
