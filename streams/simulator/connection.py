"""One RTSP client: its requests answered, and where its packets go."""

import asyncio
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from streams.simulator.describe import TRACK
from streams.simulator.messages import Request, RequestReader, reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from streams.simulator.guard import Guard
    from streams.simulator.rtp import Burst
    from streams.simulator.udp import UdpPair

_MOST_UNSENT = 4 * 1024 * 1024  # bytes waiting for one slow client before its pictures are dropped
_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"
_PAIR = re.compile(r"(client_port|interleaved)=(\d+)(?:-(\d+))?")


@dataclass(frozen=True, slots=True)
class Stage:
    """What the simulator serves to every client.

    Attributes:
        host: address that clients know it by.
        path: of the stream, with its slash.
        description: SDP.
        guard: decides who may come in.
        udp: where UDP packets are sent from.
        on_play: called when a client wants pictures.
        on_gone: called when a client left, however it left.
    """

    host: str
    path: str
    description: str
    guard: "Guard"
    udp: "UdpPair"
    on_play: "Callable[[Connection], None]"
    on_gone: "Callable[[Connection], None]"


class Connection(asyncio.Protocol):
    """One client, from its connect to its last byte. Lives on the simulator's event loop."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._reader = RequestReader()
        self._session = ""
        self._transport: asyncio.Transport | None = None
        self._channel: int | None = None  # of RTP within the connection; RTCP has the next
        self._udp_client: tuple[str, int, int] | None = None  # host, RTP port, RTCP port
        self.dropped_pictures = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError(f"expected a stream transport, got {transport!r}")
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio calls it so
        """The client left, or the camera died under it."""
        self._stage.on_gone(self)

    def data_received(self, data: bytes) -> None:
        """Answer what the client asks."""
        try:
            for request in self._reader.feed(data):
                self._write(self._answer(request))
                if request.method == "PLAY" and self._is_set_up():
                    self._stage.on_play(self)
                if request.method == "TEARDOWN" and self._transport is not None:
                    self._transport.close()
        except ValueError:
            self.abort()

    def send_picture(self, burst: "Burst") -> None:
        """Send RTP packets; a client that does not read loses whole pictures, as with a real camera."""
        if self._channel is not None and self._transport is not None:
            if self._transport.get_write_buffer_size() > _MOST_UNSENT:
                self.dropped_pictures += 1
                return
            self._write(burst.woven(self._channel))
        elif self._udp_client is not None:
            host, port, _ = self._udp_client
            for packet in burst.packets:
                self._stage.udp.rtp.sendto(packet, (host, port))

    def send_report(self, burst: "Burst") -> None:
        """Send RTCP packets."""
        if self._channel is not None:
            self._write(burst.woven(self._channel + 1))
        elif self._udp_client is not None:
            host, _, port = self._udp_client
            for packet in burst.packets:
                self._stage.udp.rtcp.sendto(packet, (host, port))

    def abort(self) -> None:
        """Close without a word."""
        if self._transport is not None:
            self._transport.abort()

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _is_set_up(self) -> bool:
        return self._channel is not None or self._udp_client is not None

    def _answer(self, request: Request) -> bytes:
        stage = self._stage
        if request.method == "OPTIONS":
            return reply(request, 200, {"Public": _METHODS})
        if not stage.guard.admits(request.method, request.headers.get("authorization", "")):
            return reply(request, 401, {"WWW-Authenticate": stage.guard.challenge()})
        if urlsplit(request.url).path.rstrip("/") not in (stage.path, f"{stage.path}/{TRACK}"):
            return reply(request, 404)
        match request.method:
            case "DESCRIBE":
                base = request.url.rstrip("/") + "/"
                headers = {"Content-Base": base, "Content-Type": "application/sdp"}
                return reply(request, 200, headers, stage.description)
            case "SETUP":
                return self._set_up(request)
            case "PLAY" if not self._is_set_up():
                return reply(request, 455)
            case "PLAY":
                return reply(request, 200, {"Session": self._session, "Range": "npt=now-"})
            case "GET_PARAMETER":  # keeps the session alive
                return reply(request, 200, {"Session": self._session})
            case "TEARDOWN":
                self._channel = self._udp_client = None
                return reply(request, 200)
            case _:
                return reply(request, 501)

    def _set_up(self, request: Request) -> bytes:
        asked = request.headers.get("transport", "")
        found = _PAIR.search(asked)
        peer = self._transport.get_extra_info("peername") if self._transport is not None else None
        self._session = self._session or secrets.token_hex(4)
        if "RTP/AVP/TCP" in asked:
            self._channel, self._udp_client = int(found[2]) if found else 0, None
            agreed = f"RTP/AVP/TCP;unicast;interleaved={self._channel}-{self._channel + 1}"
        elif found and found[1] == "client_port" and peer and "multicast" not in asked:
            port = int(found[2])
            self._channel, self._udp_client = None, (peer[0], port, int(found[3] or port + 1))
            ours = "{}-{}".format(*self._stage.udp.ports)
            agreed = f"RTP/AVP;unicast;{found[0]};server_port={ours};source={self._stage.host}"
        else:
            return reply(request, 461)
        return reply(request, 200, {"Session": f"{self._session};timeout=60", "Transport": agreed})
