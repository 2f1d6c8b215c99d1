"""`patrol serve`: API and pages of a site. Opens no camera."""

from pathlib import Path

import click

from patrol import assembly
from patrol.commands.run import SITE
from patrol.logs import log_to_stderr
from patrol.web_server import serve_until_stopped

HOST = click.option("--host", default="127.0.0.1", show_default=True, help="Any but this machine needs a box's token.")
PORT = click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any free port.")


@click.command()
@SITE
@HOST
@PORT
def serve(site: Path, host: str, port: int) -> None:
    """Serve the API and the pages of SITE: pages at /, the API under /api/v1."""
    log_to_stderr()
    served = assembly.site_or_exit(site)
    with assembly.opened(served) as store:
        serve_until_stopped(assembly.service_of(served, store, host), host, port)
