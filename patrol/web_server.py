"""The web server around the service; the one file that knows uvicorn."""

import signal
import socket
import sys
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from patrol.errors import RequestProblem


def serve_until_stopped(app: FastAPI, host: str, port: int, listening: Callable[[str], None] | None = None) -> None:
    """Serve until SIGINT or SIGTERM, finishing requests that are under way.

    Args:
        app: the service.
        host: address to bind.
        port: 0 takes a free one.
        listening: told the address once connections are accepted; by default it is printed to stderr.

    Raises:
        RequestProblem: the address cannot be bound.
    """
    bound = _bind(host, port)
    name = f"[{host}]" if ":" in host else host
    url = f"http://{name}:{bound.getsockname()[1]}/"
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=10, server_header=False)
    (listening or _say)(url)
    for number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn raises the signal that stopped it once more when it is done; the caller still has things to close.
        signal.signal(number, lambda *_: None)
    uvicorn.Server(config).run(sockets=[bound])


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        # Accepting from here on: whoever is told the address may connect before the first request is served.
        bound.listen(128)
    except OSError as problem:
        bound.close()
        raise RequestProblem(f"cannot listen on {host}:{port}: {problem.strerror}; choose another --port") from problem
    return bound


def _say(url: str) -> None:
    sys.stderr.write(f"serving on {url}\n")
    sys.stderr.flush()
