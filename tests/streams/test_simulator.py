"""The simulated camera, looked at with a plain player rather than with our own camera."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from streams.simulator import Simulator
from streams.simulator.clip import CLOCK_HZ
from tests.streams.clips import make_clip

FAST = {"analyzeduration": "300000"}


def played(url: str, count: int, transport: str = "tcp") -> "list[av.Packet[av.VideoStream]]":
    """Packets as a player gets them; the first has no time and is left out."""
    with av.open(url, options={"rtsp_transport": transport, **FAST}, timeout=(5, 3)) as player:
        packets = (p for p in player.demux(player.streams.video[0]) if p.pts is not None)
        return list(islice(packets, count))


def numbers(packets: "list[av.Packet[av.VideoStream]]") -> Iterator[int]:
    """What stands in the pictures from the first key picture on."""
    whole = packets[next(i for i, p in enumerate(packets) if p.is_keyframe) :]
    decoder = av.CodecContext.create(whole[0].stream.codec_context.name, "r")
    assert isinstance(decoder, av.VideoCodecContext)
    decoder.thread_count = 1
    for packet in [*whole, None]:
        for frame in decoder.decode(packet):
            yield _number(frame)


def _number(frame: av.VideoFrame) -> int:
    foot = frame.reformat(format="gray8").to_ndarray()[-12:-4]
    width = foot.shape[1]
    bars = [foot[:, b * width // 8 + 4 : (b + 1) * width // 8 - 4].mean() > 128 for b in range(8)]
    return sum(1 << b for b, on in enumerate(bars) if on)


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_a_clip_is_served_round_after_round_without_a_gap(codec: str, request: pytest.FixtureRequest) -> None:
    with Simulator(request.getfixturevalue(f"{codec}_clip")) as camera, ThreadPoolExecutor() as players:
        plays = [players.submit(played, camera.url, 35, transport) for transport in ("tcp", "udp")]
        streams = [play.result() for play in plays]
    for packets in streams:
        assert {(b.pts or 0) - (a.pts or 0) for a, b in pairwise(packets)} == {CLOCK_HZ // 25}
        seen = list(numbers(packets))
        assert len(seen) > 25
        assert all(b == (a + 1) % 25 for a, b in pairwise(seen))


def test_all_clients_see_the_same_moment(h264_clip: Path) -> None:
    with Simulator(h264_clip) as camera, av.open(camera.url, options=FAST, timeout=(5, 3)) as first:
        a = list(islice(first.demux(first.streams.video[0]), 10))
        with av.open(camera.url, options=FAST, timeout=(5, 3)) as second:
            assert camera.clients == 2
            b = list(islice(second.demux(second.streams.video[0]), 15))
            a += list(islice(first.demux(first.streams.video[0]), 35))
    known = {bytes(p): i % 25 for i, p in enumerate(a)}
    places = [known[bytes(p)] for p in b]
    assert all(y == (x + 1) % 25 for x, y in pairwise(places))


def test_a_client_that_comes_late_gets_parameter_sets_and_a_key_picture_soon(h264_clip: Path) -> None:
    with Simulator(h264_clip, terse=True) as camera:
        time.sleep(0.3)
        packets = played(camera.url, 25)
    assert next(numbers(packets)) % 5 == 0


def test_the_first_round_can_be_any_and_time_stamps_may_wrap(h264_clip: Path) -> None:
    with Simulator(h264_clip, first_timestamp=2**32 - CLOCK_HZ // 2) as camera:
        packets = played(camera.url, 25)
    assert {(b.pts or 0) - (a.pts or 0) for a, b in pairwise(packets)} == {CLOCK_HZ // 25}


def test_it_loses_the_share_of_packets_it_is_told_to(tmp_path: Path) -> None:
    with Simulator(_noise(tmp_path / "heavy.mp4"), drop=0.2, seed=3) as camera:
        received = 0
        client = _bare_client(camera)
        client.settimeout(3)
        sequence: list[int] = []
        while len(sequence) < 1000:
            head = _exactly(client, 4)
            packet = _exactly(client, int.from_bytes(head[2:], "big"))
            if head[1] == 0:
                sequence.append(int.from_bytes(packet[2:4], "big"))
                received += 1
        client.close()
    span = (sequence[-1] - sequence[0]) % 65536 + 1
    assert 0.15 < 1 - received / span < 0.25


def _bare_client(camera: Simulator) -> socket.socket:
    """Plays over a plain socket, no library in between."""
    client = socket.create_connection((camera.host, camera.port), 3)
    for number, (method, header) in enumerate(
        [("SETUP", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"), ("PLAY", "")]
    ):
        client.sendall(f"{method} {camera.url}/trackID=0 RTSP/1.0\r\nCSeq: {number}\r\n{header}\r\n".encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += _exactly(client, 1)
        assert answer.startswith(b"RTSP/1.0 200"), answer
    return client


def _exactly(client: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = client.recv(count - len(data))
        assert piece, "the camera closed the connection"
        data += piece
    return data


def test_a_client_that_does_not_read_loses_pictures_and_nobody_else_does(tmp_path: Path) -> None:
    with Simulator(_noise(tmp_path / "heavy.mp4")) as camera:
        idle = _bare_client(camera)
        packets = played(camera.url, 35)
        assert camera.dropped_pictures > 0
        idle.close()
    assert {(b.pts or 0) - (a.pts or 0) for a, b in pairwise(packets)} == {CLOCK_HZ // 25}


def _noise(path: Path) -> Path:
    """A clip that does not compress: enough bytes to fill the buffers between camera and client within a second."""
    chance = np.random.default_rng(1)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"preset": "ultrafast", "qp": "10", "bf": "0", "g": "1"})
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        for _ in range(5):
            rgb = chance.integers(0, 256, (480, 640, 3), dtype=np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        out.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        ("OPTIONS {url} RTSP/1.0", "200 OK"),
        ("DESCRIBE {url}x RTSP/1.0", "404 Not Found"),
        ("PLAY {url} RTSP/1.0", "455 Method Not Valid in This State"),
        ("SETUP {url} RTSP/1.0\r\nTransport: RTP/AVP;multicast", "461 Unsupported Transport"),
        ("RECORD {url} RTSP/1.0", "501 Not Implemented"),
        ("GET_PARAMETER {url} RTSP/1.0", "200 OK"),
    ],
)
def test_requests_are_answered_as_the_standard_says(h264_clip: Path, request_line: str, status: str) -> None:
    with Simulator(h264_clip) as camera, socket.create_connection((camera.host, camera.port), 3) as client:
        client.sendall(f"{request_line.format(url=camera.url)}\r\nCSeq: 7\r\n\r\n".encode())
        answer = client.recv(4096).decode()
    assert answer.startswith(f"RTSP/1.0 {status}\r\nCSeq: 7\r\n")


def test_who_does_not_speak_rtsp_is_shown_out(h264_clip: Path) -> None:
    with Simulator(h264_clip) as camera, socket.create_connection((camera.host, camera.port), 3) as client:
        client.sendall(b"\x16\x03\x01 not rtsp at all\r\n\r\n")
        assert client.recv(10) == b""


def test_footage_that_cameras_do_not_send_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"expected H.264 or H.265, got mpeg4; make it fit with: ffmpeg"):
        Simulator(make_clip(tmp_path / "old.avi", codec="mpeg4", pictures=5))
    with pytest.raises(ValueError, match=r"it has B-frames.*-bf 0"):
        Simulator(make_clip(tmp_path / "film.mp4", b_frames=2))
    with pytest.raises(FileNotFoundError):
        Simulator(tmp_path / "none.mp4")


def test_a_taken_port_is_said_and_a_dead_camera_keeps_its_own(h264_clip: Path) -> None:
    with Simulator(h264_clip) as camera:
        with pytest.raises(OSError, match="in use"):
            Simulator(h264_clip, port=camera.port).start()
        camera.die()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((camera.host, camera.port), 3)
        camera.revive()
        assert played(camera.url, 1)


def test_faults_can_be_set_for_later(h264_clip: Path) -> None:
    with Simulator(h264_clip, die_at=0.2, die_for=0.4) as camera:
        socket.create_connection((camera.host, camera.port), 3).close()
        time.sleep(0.4)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((camera.host, camera.port), 3)
        time.sleep(0.4)
        assert played(camera.url, 1)
    with Simulator(h264_clip, stall_at=0.0, stall_for=60) as camera:
        time.sleep(0.1)
        client = _bare_client(camera)
        client.settimeout(0.5)
        with pytest.raises(TimeoutError):
            client.recv(1)
        client.close()
