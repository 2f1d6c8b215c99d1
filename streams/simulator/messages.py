"""RTSP 1.0 requests and replies as bytes (RFC 2326, sections 6 and 7)."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_BYTES = 64 * 1024  # of a request: whoever sends more is no RTSP client


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes:
        method: `DESCRIBE`, `SETUP`, ...
        url: as written by the client.
        headers: names in lower case.
    """

    method: str
    url: str
    headers: "Mapping[str, str]" = field(default_factory=dict)


class RequestReader:
    """Cuts what a client sends into requests; its receiver reports, woven in between, are passed over."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[Request]:
        """The requests that are complete with these bytes.

        Raises:
            ValueError: this is not RTSP.
        """
        self._rest += data
        requests = []
        while self._rest:
            if self._rest[:1] == b"$":
                length = 4 + int.from_bytes(self._rest[2:4], "big")
                if len(self._rest) < max(length, 4):
                    break
                del self._rest[:length]
                continue
            request = self._take()
            if request is None:
                break
            requests.append(request)
        return requests

    def _take(self) -> Request | None:
        end = self._rest.find(b"\r\n\r\n")
        if end < 0:
            if len(self._rest) > _MOST_BYTES:
                raise ValueError(f"expected a request of at most {_MOST_BYTES} bytes, got {len(self._rest)} so far")
            return None
        lines = bytes(self._rest[:end]).decode("latin-1").split("\r\n")
        words = lines[0].split()
        if len(words) != 3 or not words[2].startswith("RTSP/"):
            raise ValueError("expected METHOD URL RTSP/1.0 in the first line")
        pairs = (line.partition(":") for line in lines[1:])
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        total = end + 4 + int(headers.get("content-length", "0"))
        if len(self._rest) < total:
            return None
        del self._rest[:total]
        return Request(words[0], words[1], headers)


def reply(request: Request, status: int, headers: "Mapping[str, str] | None" = None, body: str = "") -> bytes:
    """The answer to a request, with its sequence number."""
    lines = [f"RTSP/1.0 {status} {_PHRASES.get(status) or HTTPStatus(status).phrase}"]
    lines.append(f"CSeq: {request.headers.get('cseq', '0')}")
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines.append(f"Content-Length: {len(body.encode())}")
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


_PHRASES = {454: "Session Not Found", 455: "Method Not Valid in This State", 461: "Unsupported Transport"}
