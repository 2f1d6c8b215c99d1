"""The pair of UDP ports that a camera sends from: RTP from the even one, RTCP from the next (RFC 3550 section 11)."""

import asyncio
import socket
from dataclasses import dataclass

_TRIES = 64


@dataclass(frozen=True, slots=True)
class UdpPair:
    """Two open sockets; what clients send to them (receiver reports, punches through firewalls) is not read.

    Attributes:
        ports: of RTP and RTCP.
        rtp: sends RTP.
        rtcp: sends RTCP.
    """

    ports: tuple[int, int]
    rtp: asyncio.DatagramTransport
    rtcp: asyncio.DatagramTransport

    @classmethod
    async def open(cls, host: str) -> "UdpPair":
        """Find and bind a free pair.

        Raises:
            OSError: none was free.
        """
        loop = asyncio.get_running_loop()
        for _ in range(_TRIES):
            even = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            odd = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                even.bind((host, 0))
                port = even.getsockname()[1]
                if port % 2:
                    raise OSError(f"expected an even port, got {port}")
                odd.bind((host, port + 1))
            except OSError:
                even.close()
                odd.close()
                continue
            rtp, _ = await loop.create_datagram_endpoint(_Deaf, sock=even)
            rtcp, _ = await loop.create_datagram_endpoint(_Deaf, sock=odd)
            return cls((port, port + 1), rtp, rtcp)
        raise OSError(f"no free pair of UDP ports on {host} in {_TRIES} tries")

    def close(self) -> None:
        """Give the ports back."""
        self.rtp.abort()
        self.rtcp.abort()


class _Deaf(asyncio.DatagramProtocol):
    """Sends, and passes over what comes."""

    def error_received(self, exc: Exception) -> None:
        """A client that went away makes the kernel report its closed port: no fault of ours."""
