"""MISB ST 0601 (UAS Datalink Local Set): place and attitude in packets of their own, in a file or in a video stream.

The values are converted by `klvdata`; the packets are found and checked here, because a damaged byte must cost one
packet and not the rest of the file (MISB ST 0601.8, sections 6.3 and 6.5; lengths: SMPTE ST 336, BER).
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import av
from klvdata.misb0601 import UASLocalMetadataSet

from streams.attitude import angles_of, rotation
from streams.telemetry.track import Angles, Sample, Telemetry, UnreadableTelemetry, checked, place

FORMAT = "klv"
KEY = bytes.fromhex("060e2b34020b01010e01030101000000")
"""Universal label of the UAS Datalink Local Set."""

_TIME, _HEADING, _PITCH, _ROLL, _LAT, _LON, _ALT, _HFOV = 2, 5, 6, 7, 13, 14, 15, 16
_REL_AZIMUTH, _REL_ELEVATION, _REL_ROLL = 18, 19, 20


def read_klv(path: Path, data: bytes) -> Telemetry:
    """The packets of a file that holds nothing else.

    Raises:
        UnreadableTelemetry: it holds no whole packet.
    """
    return _telemetry(path, [(None, data)])


def read_klv_in_video(path: Path) -> Telemetry:
    """The packets in the data streams of a transport stream (or another container that carries them).

    Raises:
        UnreadableTelemetry: no such stream, or none of its packets can be read.
    """
    chunks: list[tuple[float | None, bytes]] = []
    try:
        with av.open(f"file:{path}", options={"protocol_whitelist": "file,crypto,data"}) as container:
            streams = list(container.streams.data)
            if not streams:
                what = "name the .SRT beside it, or the transport stream that the ground station recorded"
                raise UnreadableTelemetry(path, "is a video without a telemetry stream", what)
            start = (container.start_time or 0) / av.time_base
            for packet in container.demux(streams):
                if packet.size:
                    at = None if packet.pts is None else float(packet.pts * packet.time_base) - start
                    chunks.append((at, bytes(packet)))
    except (av.error.FFmpegError, OSError) as error:
        raise UnreadableTelemetry(path, f"cannot be read: {error}", "copy it again from the recorder") from error
    return _telemetry(path, chunks)


def _telemetry(path: Path, chunks: list[tuple[float | None, bytes]]) -> Telemetry:
    found = [(at_s, packet, whole) for at_s, chunk in chunks for packet, whole in packets_of(chunk)]
    cut = sum(not whole for _, _, whole in found)
    packets = [(at_s, packet) for at_s, packet, whole in found if whole]
    sound = [(at_s, packet) for at_s, packet in packets if checksum_right(packet)]
    # A recorder that always sums wrongly is believed where its items add up; one wrong sum among right ones is damage.
    taken = sound or [(at_s, packet) for at_s, packet in packets if _items_add_up(packet)]
    samples, reasons = [], set[str]()
    for at_s, packet in taken:
        try:
            samples.append(_sample(_values(packet), at_s))
        except (ValueError, OverflowError, AssertionError, TypeError, OSError, IndexError) as error:
            reasons.add(str(error) or type(error).__name__)
    if not samples:
        why = f"holds {len(found)} damaged packets and no sound one" if found else "holds no packet"
        raise UnreadableTelemetry(path, f"{why} of MISB ST 0601", "record the stream again")
    wrong = len(packets) - len(taken) if sound else len(taken)
    said = [f"{wrong} packets have a wrong checksum: {'left out' if sound else 'kept, as all have'}"] if wrong else []
    said += [f"cut off: {cut} packets are not whole: left out"] if cut else []
    said += [f"packets with impossible values were left out: {', '.join(sorted(reasons))}"] if reasons else []
    said.append("altitude is above the sea: only with a terrain model do pixels get a place")
    return checked(path, FORMAT, samples, said)


def packets_of(data: bytes) -> Iterator[tuple[bytes, bool]]:
    """Each packet from its key on, and whether it is all there."""
    at = data.find(KEY)
    while at >= 0:
        head = _ber(data, at + len(KEY))
        if head is None or head[1] + head[0] > len(data):
            following = data.find(KEY, at + 1)
            yield data[at:following] if following >= 0 else data[at:], False
            at = following
            continue
        end = head[1] + head[0]
        packet = data[at:end]
        # A damaged length may swallow its neighbours: look for the next key behind this one's where the sum is wrong.
        sound = checksum_right(packet)
        yield packet, True
        at = data.find(KEY, end if sound else at + 1)


def checksum_right(packet: bytes) -> bool:
    """Whether the running 16-bit sum over all but its last two bytes is what those say."""
    if len(packet) < len(KEY) + 5:
        return False
    body = packet[:-2]
    total = (sum(body[0::2]) * 256 + sum(body[1::2])) & 0xFFFF
    return total == int.from_bytes(packet[-2:], "big")


def _items_add_up(packet: bytes) -> bool:
    """Whether its items fill it to the last byte and the last of them is the checksum (tag 1)."""
    length = _ber(packet, len(KEY))
    at, tag = length[1] if length else len(packet) + 1, 0
    while at < len(packet):
        tag = packet[at]
        item = _ber(packet, at + 1)
        if item is None:
            return False
        at = item[1] + item[0]
    return at == len(packet) and tag == 1


def _ber(data: bytes, at: int) -> tuple[int, int] | None:
    """A length and where what it counts begins; None where the data ends before."""
    if at >= len(data):
        return None
    if data[at] < 128:
        return data[at], at + 1
    size = data[at] - 128
    if not 0 < size <= 4 or at + 1 + size > len(data):
        return None
    return int.from_bytes(data[at + 1 : at + 1 + size], "big"), at + 1 + size


def _values(packet: bytes) -> Mapping[int, Any]:
    length = _ber(packet, len(KEY))
    assert length is not None  # noqa: S101 - the packet was found by its length
    found = UASLocalMetadataSet(packet[length[1] :])
    values = {int.from_bytes(key, "big"): item.value for key, item in found.items.items()}
    return {key: value.value for key, value in values.items() if hasattr(value, "value")}


def _sample(values: Mapping[int, Any], at_s: float | None) -> Sample:
    def number(tag: int) -> float | None:
        value = values.get(tag)
        return float(value) if isinstance(value, int | float) else None

    time = values.get(_TIME)
    heading, pitch, roll = number(_HEADING), number(_PITCH), number(_ROLL)
    airframe = None if heading is None or pitch is None else Angles(heading, pitch, roll or 0.0)
    azimuth, elevation = number(_REL_AZIMUTH), number(_REL_ELEVATION)
    gimbal = None
    if airframe is not None and azimuth is not None and elevation is not None:
        carrier = rotation(airframe.yaw_deg, airframe.pitch_deg, airframe.roll_deg)
        gimbal = Angles(*angles_of(carrier @ rotation(azimuth, elevation, number(_REL_ROLL) or 0.0)))
    return Sample(
        media_s=at_s,
        time=time.astimezone(UTC) if isinstance(time, datetime) else None,
        point=place(number(_LAT), number(_LON)),
        abs_alt_m=number(_ALT),
        airframe=airframe,
        gimbal=gimbal,
        hfov_deg=number(_HFOV),
    )
