"""From the exceptions of a video library to the names in `streams.errors`; the only place that knows both."""

import errno
import socket
from urllib.parse import urlsplit

import av

from streams.credentials import redacted
from streams.errors import Down, Frozen, SourceLost, Unreadable, WrongPassword, WrongPath

_RTSP_PORT = 554
_PROBE_S = 1.0


def fault(camera: str, url: str, error: Exception, password: str | None, *, was_open: bool) -> SourceLost:
    """The name of what went wrong.

    Args:
        camera: id of the camera.
        url: its address without any login.
        error: from the library; its text may hold the password and is redacted.
        password: taken out of that text.
        was_open: pictures could have come when it happened.
    """
    where = _address(url)
    what = redacted(getattr(error, "strerror", None) or type(error).__name__, password)
    match error:
        case av.error.HTTPUnauthorizedError() | av.error.HTTPForbiddenError():
            # Many cameras lock out who guesses too often.
            return WrongPassword(camera, f"{where} refuses the login; check user and password. Tried again, but rarely")
        case av.error.HTTPNotFoundError():
            return WrongPath(camera, f"{where} has no stream {urlsplit(url).path!r}; check the path in the address")
        case av.error.ExitError() if was_open:
            return Frozen(camera, "no picture for too long; check the camera and its network")
        case av.error.ExitError() | OSError(errno=errno.EIO):
            return _silence(camera, url)
        case OSError(errno=errno.EPROTONOSUPPORT):
            return Unreadable(camera, f"{where} refuses this transport; try the other one of tcp and udp")
        case av.error.HTTPServerError():
            return Down(camera, f"{where}: {what}; it may be starting up or have too many viewers")
        case av.error.InvalidDataError() | av.error.HTTPClientError():
            return Unreadable(camera, f"{where} answers, but not with a stream ({what}); check the address")
        case _:
            return Down(camera, f"{where}: {what}; check power, network and the address")


def _silence(camera: str, url: str) -> SourceLost:
    """The library only says that nothing came in time: find out whether anybody is there."""
    where = _address(url)
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or _RTSP_PORT), _PROBE_S).close()
    except socket.gaierror:
        return Down(camera, f"the name {parts.hostname} is not known; check the address and the DNS")
    except OSError:
        return Down(camera, f"nobody answers at {where}; check power, network and the address")
    return Frozen(camera, f"{where} answers, but no pictures come; restart the camera if this stays")


def _address(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or _RTSP_PORT}"
