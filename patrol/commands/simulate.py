"""`patrol simulate`: footage as an RTSP camera on loopback, with the faults real cameras have."""

import signal
import threading
from pathlib import Path

import click

from patrol.errors import RequestProblem
from streams.simulator import Simulator


@click.command()
@click.argument("footage", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0: any free port.")
@click.option("--user", help="Ask for this name.")
@click.option("--password", help="Ask for this password (Digest).")
@click.option("--stall-at", type=float, metavar="S", help="Send nothing for ten seconds, S seconds after the start.")
@click.option("--drop", type=click.FloatRange(0, 1), default=0.0, metavar="SHARE", help="Lose this share of packets.")
@click.option("--clock-offset", type=float, default=0.0, metavar="S", help="The camera's clock is off by S seconds.")
def simulate(
    footage: Path,
    port: int,
    user: str | None,
    password: str | None,
    stall_at: float | None,
    drop: float,
    clock_offset: float,
) -> None:
    """Serve FOOTAGE in a loop over RTSP on 127.0.0.1; the first line printed is its address."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        camera = Simulator(
            footage, port=port, user=user, password=password, drop=drop, clock_offset_s=clock_offset, stall_at=stall_at
        )
        camera.start()
    except (ValueError, OSError) as problem:
        raise RequestProblem(str(problem)) from problem
    click.echo(camera.url)
    try:
        stop.wait()
    finally:
        camera.stop()
