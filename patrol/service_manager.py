"""Tells systemd that the watcher is up and alive: sd_notify(3), which is one datagram and needs no library."""

import socket
from collections.abc import Callable, Mapping
from contextlib import suppress


def heartbeat(environment: Mapping[str, str]) -> Callable[[], None]:
    """What to call every few seconds while all is well; does nothing where no service manager listens.

    Args:
        environment: `NOTIFY_SOCKET` names the manager's socket; a leading @ stands for the abstract namespace.
    """
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        return lambda: None
    address = "\0" + address[1:] if address.startswith("@") else address

    def beat() -> None:
        # A manager that does not listen just now must not take the watcher down.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
            to.connect(address)
            to.sendall(b"READY=1\nWATCHDOG=1")

    return beat
