"""Stills, KLV, GPX, NMEA and tables, each made as devices make them."""

from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from streams.telemetry.klv import KEY, checksum_right
from streams.telemetry.read import read_telemetry
from streams.telemetry.track import Flaw, UnreadableTelemetry

NOON = datetime(2026, 5, 12, 12, 0, tzinfo=UTC)


def klv_packet(lat: float, lon: float, seconds: float = 0.0) -> bytes:
    """A packet of MISB ST 0601 as its document writes each item."""
    micros = int((NOON.timestamp() + seconds) * 1e6)
    items = bytes([2, 8]) + micros.to_bytes(8, "big")
    for tag, value, span in ((13, lat, 180), (14, lon, 360)):
        items += bytes([tag, 4]) + round(value * (2**32 - 2) / span).to_bytes(4, "big", signed=True)
    items += bytes([15, 2]) + round((150 + 900) * 65535 / 19900).to_bytes(2, "big") + bytes([1, 2])
    head = KEY + bytes([len(items) + 2]) + items
    return head + ((sum(head[0::2]) * 256 + sum(head[1::2])) & 0xFFFF).to_bytes(2, "big")


def test_a_klv_packet_gives_place_time_and_altitude(tmp_path: Path) -> None:
    file = tmp_path / "log.klv"
    file.write_bytes(klv_packet(24.5, 118.1))
    (fix,) = read_telemetry(file).fixes
    assert fix.point is not None and fix.time == NOON
    assert (fix.point.lat, fix.point.lon) == pytest.approx((24.5, 118.1), abs=1e-6)
    assert fix.abs_alt_m == pytest.approx(150, abs=0.2)


def test_a_damaged_klv_packet_costs_itself_and_not_its_neighbours(tmp_path: Path) -> None:
    packets = [klv_packet(24.5, 118.1, n) for n in range(5)]
    assert all(map(checksum_right, packets))
    hurt = bytearray(packets[2])
    hurt[30] ^= 0x55
    file = tmp_path / "log.bin"
    file.write_bytes(b"noise" + b"".join([packets[0], packets[1], bytes(hurt), packets[3], packets[4][:-9]]))
    read = read_telemetry(file)
    assert len(read.fixes) == 3
    assert {"1 packets have a wrong checksum: left out", "cut off: 1 packets are not whole: left out"} <= set(
        read.warnings
    )


def test_klv_in_a_transport_stream_carries_its_place_in_the_video(tmp_path: Path) -> None:
    file = tmp_path / "flight.ts"
    with av.open(str(file), "w", format="mpegts") as out:
        video = out.add_stream("mpeg2video", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        data = out.add_data_stream()
        for n in range(50):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), n * 4, np.uint8), format="rgb24")
            out.mux(video.encode(frame))
            if n % 25 == 0:
                packet = av.Packet(klv_packet(24.5, 118.1 + n * 1e-5, n / 25))
                packet.stream, packet.time_base = data, Fraction(1, 90_000)
                packet.pts = packet.dts = n * 3600
                out.mux(packet)
        out.mux(video.encode(None))
    read = read_telemetry(file)
    assert (read.format, len(read.fixes)) == ("klv", 2)
    first, second = (fix.media_s for fix in read.fixes)
    assert first is not None and second is not None and second - first == pytest.approx(1.0, abs=0.1)


def test_a_video_without_telemetry_is_refused_with_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "flight.mp4"
    file.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(600))
    with pytest.raises(UnreadableTelemetry, match="cannot be read"):
        read_telemetry(file)


def still(path: Path, xmp: str = "", gps: bool = True) -> Path:
    picture = Image.new("RGB", (32, 24))
    exif = Image.Exif()
    exif[306] = "2026:05:12 20:00:00"
    if gps:
        exif.get_ifd(0x8825).update({1: "N", 2: (24.0, 30.0, 0.0), 3: "E", 4: (118.0, 6.0, 0.0), 5: b"\0", 6: 172.5})
    exif[700] = xmp.encode()  # where a TIFF keeps it; a JPEG has a segment for it
    picture.save(path, exif=exif, xmp=xmp.encode())
    return path


XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/" drone-dji:RelativeAltitude="+43.20"
 drone-dji:AbsoluteAltitude="+172.50" drone-dji:GpsLatitude="24.500001" drone-dji:GpsLongtitude="118.100002"
 drone-dji:GimbalYawDegree="-12.30" drone-dji:GimbalPitchDegree="-89.90" drone-dji:GimbalRollDegree="+0.00">
</rdf:Description></rdf:RDF></x:xmpmeta>"""


def test_a_still_gives_what_exif_and_dji_xmp_say(tmp_path: Path) -> None:
    read = read_telemetry(still(tmp_path / "a.jpg", XMP))
    (fix,) = read.fixes
    assert fix.point is not None and fix.gimbal is not None
    assert (fix.point.lat, fix.point.lon, fix.rel_alt_m) == (24.500001, 118.100002, 43.2)
    assert (fix.gimbal.yaw_deg, fix.gimbal.pitch_deg) == (-12.3, -89.9)
    assert any("GpsLongtitude" in warning for warning in read.warnings)


def test_a_still_in_tiff_is_read_like_any(tmp_path: Path) -> None:
    (fix,) = read_telemetry(still(tmp_path / "a.tif", XMP)).fixes
    assert fix.rel_alt_m == 43.2


def test_a_still_without_xmp_has_a_place_but_no_relative_altitude(tmp_path: Path) -> None:
    read = read_telemetry(still(tmp_path / "a.jpg"))
    (fix,) = read.fixes
    assert fix.point is not None and fix.rel_alt_m is None and fix.abs_alt_m == 172.5
    assert (fix.point.lat, fix.point.lon) == pytest.approx((24.5, 118.1))
    assert any("no relative altitude" in warning for warning in read.warnings)


def test_an_entity_bomb_in_the_xmp_is_left_out(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]>' + XMP.replace("+43.20", "&a;")
    read = read_telemetry(still(tmp_path / "a.jpg", bomb))
    assert any("XMP cannot be read" in warning for warning in read.warnings)


def test_a_gpx_track_keeps_its_times_and_bombs_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "drive.gpx"
    points = "".join(
        f'<trkpt lat="24.5{n}" lon="118.1"><ele>9</ele><time>2026-05-12T12:00:0{n}Z</time></trkpt>' for n in range(3)
    )
    text = f'<gpx version="1.1" creator="x"><trk><trkseg>{points}</trkseg></trk></gpx>'
    file.write_text(text, encoding="utf-8")
    read = read_telemetry(file)
    assert next(fix.time for fix in read.fixes) == NOON
    assert [sample.flaw for sample in read.samples] == [None, Flaw.JUMP, Flaw.JUMP]
    file.write_text('<!DOCTYPE gpx [<!ENTITY a "b">]>' + text, encoding="utf-8")
    with pytest.raises(UnreadableTelemetry, match="entities"):
        read_telemetry(file)


def nmea(body: str) -> str:
    total = 0
    for byte in body.encode():
        total ^= byte
    return f"${body}*{total:02X}\r\n"


def test_nmea_joins_its_sentences_and_goes_over_midnight(tmp_path: Path) -> None:
    file = tmp_path / "car.nmea"
    lines = [
        nmea("GPRMC,235959.00,A,2430.0000,N,11806.0000,E,10.0,90.0,120526,,,A"),
        nmea("GPGGA,235959.00,2430.0000,N,11806.0000,E,1,08,1.0,12.5,M,0.0,M,,"),
        nmea("GPGGA,000000.00,2430.0010,N,11806.0000,E,1,08,1.0,12.6,M,0.0,M,,"),
        nmea("GPRMC,000000.00,A,2430.0010,N,11806.0000,E,10.0,90.0,130526,,,A"),
        nmea("GPRMC,000001.00,V,,,,,,,130526,,,N"),
        "$GPRMC,000002.00,A,2430.0010,N,11806.0000,E,10.0,90.0,130526,,,A*00\r\n",
    ]
    file.write_text("".join(lines), encoding="ascii")
    read = read_telemetry(file)
    times = [fix.time for fix in read.fixes]
    assert times == [datetime(2026, 5, 12, 23, 59, 59, tzinfo=UTC), datetime(2026, 5, 13, tzinfo=UTC)]
    assert read.fixes[0].abs_alt_m == 12.5
    assert len(read.samples) == 3
    assert any("checksum" in warning for warning in read.warnings)


def test_a_table_in_feet_is_read_in_metres(tmp_path: Path) -> None:
    file = tmp_path / "airdata.csv"
    file.write_text(
        "time(millisecond),datetime(utc),latitude,longitude,height_above_takeoff(feet), gimbal_heading(degrees),"
        "gimbal_pitch(degrees)\n0,2026-05-12 12:00:00,24.5,118.1,100,90,-90\n",
        encoding="utf-8",
    )
    (fix,) = read_telemetry(file).fixes
    assert fix.rel_alt_m == pytest.approx(30.48)
    assert fix.time == NOON


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("empty.SRT", b"", "is empty"),
        ("noise.bin", bytes(range(256)) * 9, "no telemetry of a known format"),
        ("notes.txt", b"meet at ten", "no telemetry of a known format"),
        ("a.csv", b"a,b\n1,2\n", "without columns for latitude"),
        ("a.gpx", b"<gpx><trk>", "no sound GPX"),
        ("a.jpg", b"\xff\xd8\xff\xe0broken", "picture"),
    ],
)
def test_what_is_no_telemetry_is_refused_with_its_reason(tmp_path: Path, name: str, data: bytes, why: str) -> None:
    file = tmp_path / name
    file.write_bytes(data)
    with pytest.raises(UnreadableTelemetry, match=why):
        read_telemetry(file)
