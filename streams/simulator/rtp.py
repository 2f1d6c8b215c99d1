"""RTP packets and RTCP sender reports (RFC 3550), and how RTSP weaves them into its own connection (RFC 2326)."""

import secrets
import struct
from dataclasses import dataclass, field

from streams.simulator.clip import Picture

PAYLOAD_TYPE = 96  # the first dynamic one, RFC 3551 section 6
_NTP_EPOCH_S = 2_208_988_800  # 1 January 1900 to 1 January 1970, RFC 5905 figure 4
_SENDER_REPORT = 200
_MASK_32 = 0xFFFF_FFFF


@dataclass(slots=True)
class Burst:
    """The packets of one picture, or a report; woven once for all clients on the same channel."""

    packets: list[bytes]
    _woven: dict[int, bytes] = field(default_factory=dict)

    def woven(self, channel: int) -> bytes:
        """All packets as they stand within an RTSP connection: `$`, channel, length, packet (RFC 2326, 10.12)."""
        if channel not in self._woven:
            self._woven[channel] = b"".join(struct.pack("!cBH", b"$", channel, len(p)) + p for p in self.packets)
        return self._woven[channel]


class RtpSender:
    """One RTP source: numbers the packets and names their times. Begins anew when the camera is switched on again.

    Args:
        first_timestamp: RTP timestamp of tick 0; random, as RFC 3550 section 5.1 wants it, when None.
    """

    def __init__(self, first_timestamp: int | None = None) -> None:
        self._ssrc = secrets.randbits(32)
        self._sequence = secrets.randbits(16)
        self._first_timestamp = secrets.randbits(32) if first_timestamp is None else first_timestamp
        self._sent_packets = 0
        self._sent_octets = 0

    def picture(self, ticks: int, picture: Picture) -> Burst:
        """The RTP packets of a picture shown at `ticks` (90 kHz); the marker bit closes it."""
        timestamp = (self._first_timestamp + ticks) & _MASK_32
        packets = []
        last = len(picture.payloads) - 1
        for index, payload in enumerate(picture.payloads):
            marker = 0x80 if index == last else 0
            header = struct.pack("!BBHII", 0x80, marker | PAYLOAD_TYPE, self._sequence, timestamp, self._ssrc)
            packets.append(header + payload)
            self._sequence = (self._sequence + 1) & 0xFFFF
            self._sent_octets += len(payload)
        self._sent_packets += len(packets)
        return Burst(packets)

    def report(self, ticks: int, unix_s: float) -> Burst:
        """A sender report: `ticks` (90 kHz) is `unix_s` on the camera's own clock (RFC 3550 section 6.4.1)."""
        seconds, fraction = divmod(unix_s + _NTP_EPOCH_S, 1)
        report = struct.pack(
            "!BBHIIIIII",
            0x80,
            _SENDER_REPORT,
            6,  # length in 32-bit words, less one
            self._ssrc,
            int(seconds) & _MASK_32,
            int(fraction * 2**32) & _MASK_32,
            (self._first_timestamp + ticks) & _MASK_32,
            self._sent_packets & _MASK_32,
            self._sent_octets & _MASK_32,
        )
        return Burst([report])
