"""The records of a packet range on disk: bytes to values and back (see `streams.spool`)."""

import json
import struct
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

from streams.clock import ClockSource, FrameClock
from streams.packets import Codec, StreamPacket

MAGIC = b"SPSPOOL1"
_MAX_PAYLOAD = 1 << 28
_HEAD = struct.Struct("<cII")  # kind, length of the payload, CRC-32
# codec number, pts, dts, duration, key frame, session, captured_at (Unix microseconds), source, error, media, epoch
_PACKET = struct.Struct("<QqqqBIqBddI")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SOURCES = (ClockSource.RTCP, ClockSource.ARRIVAL, ClockSource.FILE, ClockSource.TELEMETRY)  # the order is the format


def codec_record(codec: Codec, number: int) -> bytes:
    """A codec as a record; packets refer to it by `number`, unique in the file."""
    fields = {
        "number": number,
        "name": codec.name,
        "size_px": codec.size_px,
        "extradata": codec.extradata.hex(),
        "time_base": [codec.time_base.numerator, codec.time_base.denominator],
        "fps": codec.fps,
    }
    return _record(b"C", json.dumps(fields).encode())


def packet_record(packet: StreamPacket, codec_number: int) -> bytes:
    """A packet as a record."""
    clock = packet.clock
    fields = _PACKET.pack(
        codec_number,
        packet.pts,
        packet.dts,
        packet.duration,
        packet.is_key,
        packet.session,
        (clock.captured_at - _EPOCH) // timedelta(microseconds=1),
        _SOURCES.index(clock.source),
        clock.error_s,
        clock.media_s,
        clock.epoch,
    )
    return _record(b"P", fields + packet.data)


def records(path: Path) -> Iterator[tuple[Codec | StreamPacket, int]]:
    """The sound records of a file, each with the offset where it ends; stops at a torn end.

    A record that is complete but does not match its checksum (a bad sector, not a kill) is passed over, and so are
    packets whose codec was lost that way.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file does not begin as a packet range does.
    """
    codecs: dict[int, Codec] = {}
    with path.open("rb") as file:
        magic = file.read(len(MAGIC))
        if magic != MAGIC[: len(magic)]:
            raise ValueError(f"{path.name} is no packet range: begins with {magic!r}, expected {MAGIC!r}")
        while len(head := file.read(_HEAD.size)) == _HEAD.size:
            kind, length, crc = _HEAD.unpack(head)
            if kind not in (b"C", b"P") or length > _MAX_PAYLOAD:
                return
            payload = file.read(length)
            if len(payload) < length:
                return
            if _crc(kind, payload) != crc:
                continue
            if kind == b"C":
                number, codec = _codec(payload)
                codecs[number] = codec
                yield codec, file.tell()
            elif (packet := _packet(payload, codecs)) is not None:
                yield packet, file.tell()


def _record(kind: bytes, payload: bytes) -> bytes:
    return _HEAD.pack(kind, len(payload), _crc(kind, payload)) + payload


def _crc(kind: bytes, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(kind + len(payload).to_bytes(4, "little")))


def _codec(payload: bytes) -> tuple[int, Codec]:
    fields = json.loads(payload)
    width, height = fields["size_px"]
    time_base = Fraction(*fields["time_base"])
    codec = Codec(fields["name"], (width, height), bytes.fromhex(fields["extradata"]), time_base, fields["fps"])
    return fields["number"], codec


def _packet(payload: bytes, codecs: dict[int, Codec]) -> StreamPacket | None:
    number, pts, dts, duration, key, session, unix_us, source, error_s, media_s, epoch = _PACKET.unpack_from(payload)
    if number not in codecs:
        return None
    at = _EPOCH + timedelta(microseconds=unix_us)
    clock = FrameClock(at, _SOURCES[source], error_s, media_s, epoch)
    return StreamPacket(payload[_PACKET.size :], pts, dts, duration, bool(key), clock, codecs[number], session)
