"""`patrol up`: everything of a site on one box, in one process."""

import os
import threading
from pathlib import Path

import click

from patrol import assembly
from patrol.commands.run import SITE
from patrol.commands.serve import HOST, PORT
from patrol.logs import log_to_stderr
from patrol.web_server import serve_until_stopped


@click.command()
@SITE
@HOST
@PORT
def up(site: Path, host: str, port: int) -> None:
    """Watch the cameras of SITE and serve its API and pages. May be killed at any moment and started again."""
    log_to_stderr()
    watched = assembly.site_or_exit(site)
    stop = threading.Event()
    with assembly.only_watcher(watched), assembly.opened(watched) as store:
        app = assembly.service_of(watched, store, host)
        watching: list[threading.Thread] = []

        def watch(url: str) -> None:
            click.echo(f"serving on {url}", err=True)
            # The own server answers on the address it bound, which for `--port 0` is known only now.
            watcher = assembly.watcher_of(watched, store, assembly.targets_of(watched, store, url, os.environ))
            watching.append(threading.Thread(target=watcher.run, args=(stop,), name="watch"))
            watching[0].start()

        try:
            serve_until_stopped(app, host, port, watch)
        finally:
            stop.set()
            for thread in watching:
                thread.join()
