"""`patrol run`: watch the cameras of a site, seal what they show, send the cases."""

import os
import signal
import threading
from pathlib import Path

import click

from patrol import assembly
from patrol.logs import log_to_stderr

SITE = click.argument("site", type=click.Path(exists=True, file_okay=False, path_type=Path))


def stop_at_signals() -> threading.Event:
    """An event that SIGINT and SIGTERM set."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


@click.command()
@SITE
@click.option("--api", default="http://127.0.0.1:8000", help="Our own API, when site.toml names no dispatch target.")
def run(site: Path, api: str) -> None:
    """Watch the cameras of SITE until stopped. May be killed at any moment and started again."""
    log_to_stderr()
    watched = assembly.site_or_exit(site)
    stop = stop_at_signals()
    with assembly.only_watcher(watched), assembly.opened(watched) as store:
        assembly.watcher_of(watched, store, assembly.targets_of(watched, store, api, os.environ)).run(stop)
