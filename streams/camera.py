"""A live RTSP camera: compressed pictures with their time, for as long as anybody wants them.

A camera that fails is not an error here but a state: the iterator goes on for ever, `health` says what is wrong, and
pictures come again when the camera does.
"""

import time
from collections.abc import Callable, Generator, Iterator
from fractions import Fraction
from threading import Event
from typing import TYPE_CHECKING, Literal

import av

from streams.backoff import Backoff
from streams.camera_arrivals import arrivals
from streams.camera_clock import CameraClock
from streams.camera_faults import fault
from streams.camera_health import CameraHealth, HealthRecord
from streams.credentials import Login, split_login, with_login
from streams.errors import Down, Frozen, SourceLost, Unreadable, WrongPassword
from streams.packets import Codec, StreamPacket

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

    from streams.clock import FrameClock

# How long FFmpeg looks at the stream before it hands out pictures. Its own 5 s would delay every reconnect; a camera
# that does not describe its stream beforehand is looked at longer the next time.
_SHORT_LOOK_S, _LONG_LOOK_S = 0.5, 3.0
# A connection that stood so long was sound: the next fault begins with short waits again.
_SOUND_AFTER_S = 10.0
_UDP_BUFFER = 4 * 1024 * 1024  # bytes; a key picture comes as a burst of packets
_CLOCK_HZ = 90_000


class Camera:
    """One RTSP camera.

    Args:
        camera_id: names it in packets, health and logs.
        url: `rtsp://HOST[:PORT]/PATH`; a user (and password) in it are taken out at once and used unless given apart.
        username: None takes the one in `url`.
        password: goes into the call that opens the stream and nowhere else.
        transport: RTP within the RTSP connection (`tcp`) or apart (`udp`).
        on_state: told of every change of state, on the thread that reads.
        open_timeout_s: so long a camera may take to answer, seconds.
        read_timeout_s: a picture must come within so many seconds, or the camera is taken for frozen.
        refused_wait_s: seconds between tries after a refused login; many cameras lock out who guesses too often.

    Raises:
        ValueError: `url` is no rtsp address, or `transport` is unknown.
    """

    def __init__(
        self,
        camera_id: str,
        url: str,
        *,
        username: str | None = None,
        password: str | None = None,
        transport: Literal["tcp", "udp"] = "tcp",
        on_state: Callable[[CameraHealth], None] | None = None,
        open_timeout_s: float = 5.0,
        read_timeout_s: float = 3.0,
        refused_wait_s: float = 60.0,
    ) -> None:
        if transport not in ("tcp", "udp"):
            raise ValueError(f"transport must be tcp or udp, got {transport!r}")
        if not url.startswith(("rtsp://", "rtsps://")):
            raise ValueError(f"camera {camera_id}: the address must begin with rtsp:// or rtsps://")
        self.camera_id = camera_id
        self.url, login = split_login(url)
        self._login = Login(username or login.username, login.password if password is None else password)
        self._transport = transport
        self._timeouts_s, self._refused_wait_s = (open_timeout_s, read_timeout_s), refused_wait_s
        self._look_s = _SHORT_LOOK_S
        self._record = HealthRecord(camera_id, on_state)
        self._clock = CameraClock()
        self._backoff = Backoff()
        self._session = -1

    def __repr__(self) -> str:
        return f"Camera({self.camera_id!r}, {self.url!r}, transport={self._transport!r})"

    @property
    def health(self) -> CameraHealth:
        """How it is doing now; may be asked from any thread."""
        return self._record.snapshot()

    def packets(self, stop: Event) -> Iterator[StreamPacket]:
        """Its pictures from the first key picture on, reconnecting for ever; raises nothing for a fault of the camera.

        Args:
            stop: ends the iteration, at the latest when the current wait for the camera times out.
        """
        while not stop.is_set():
            self._session += 1
            if self._session:
                self._record.reconnecting()
            lost = yield from self._watch(stop)
            if stop.is_set():
                return
            self._record.lost(lost)
            stop.wait(self._refused_wait_s if isinstance(lost, WrongPassword) else self._backoff.next_s())

    def _watch(self, stop: Event) -> Generator[StreamPacket, None, SourceLost]:
        """One connection, from open to its end; returns what ended it."""
        was_open = False
        began_s = time.monotonic()
        try:
            with self._opened() as container:
                was_open = True
                self._clock.begin_session()
                self._check_opened(container, time.monotonic() - began_s)
                yield from self._read(container, stop)
        except SourceLost as lost:
            return lost
        except (av.error.FFmpegError, OSError) as error:
            return fault(self.camera_id, self.url, error, self._login.password, was_open=was_open)
        # The library ends a broken connection without an error; a live camera never ends by itself.
        return Down(self.camera_id, "the connection ended; check power and network. Reconnecting")

    def _opened(self) -> "InputContainer":
        options = {
            "rtsp_transport": self._transport,
            "allowed_media_types": "video",  # sound must not keep a camera alive whose pictures stopped
            "analyzeduration": str(round(self._look_s * 1e6)),
            "buffer_size": str(_UDP_BUFFER),
        }
        url = with_login(self.url, self._login)
        # Titles in the stream's description come in any encoding: they must not end the connection.
        return av.open(url, options=options, timeout=self._timeouts_s, metadata_errors="replace")

    def _check_opened(self, container: "InputContainer", after_s: float) -> None:
        video = next(iter(container.streams.video), None)
        if video is None:
            raise Unreadable(self.camera_id, "the stream holds no video; check the path in the address")
        # The library lets an open stream without a single packet pass for one that it could not make out in time.
        if not video.codec_context.width and after_s >= 0.98 * self._timeouts_s[0]:
            raise Frozen(
                self.camera_id, f"it answers, but sent no picture for {after_s:.0f} s; restart it if this stays"
            )

    def _read(self, container: "InputContainer", stop: Event) -> Iterator[StreamPacket]:
        video = container.streams.video[0]
        codec: Codec | None = None
        began_s = time.monotonic()
        for packet, arrival in arrivals(container.demux(video), self.camera_id, self._timeouts_s[1]):
            if stop.is_set():
                return
            clock = self._clock.stamp(arrival)
            if codec is None and not packet.is_keyframe:
                self._record.skipped(arrival.mono_s)
                continue
            codec = codec or self._codec(video)
            self._record.received(arrival.mono_s, clock, self._clock.camera_ahead_s)
            if arrival.mono_s - began_s > _SOUND_AFTER_S:
                self._backoff.reset()
            yield _stream_packet(packet, clock, codec, self._session)

    def _codec(self, video: "VideoStream") -> Codec:
        context = video.codec_context
        if not context.width or not context.height:
            self._look_s = _LONG_LOOK_S
            raise Unreadable(self.camera_id, "the stream does not tell its size; looking longer the next time")
        rate = video.average_rate or video.guessed_rate or 0
        size_px = context.width, context.height
        time_base = video.time_base or Fraction(1, _CLOCK_HZ)
        return Codec(context.name, size_px, context.extradata or b"", time_base, float(rate))


def _stream_packet(packet: "Packet[VideoStream]", clock: "FrameClock", codec: Codec, session: int) -> StreamPacket:
    pts = packet.pts or 0
    # Without a decoding time there are no B-frames to wait for: pictures are decoded as they are shown.
    dts = pts if packet.dts is None else packet.dts
    return StreamPacket(bytes(packet), pts, dts, packet.duration or 0, packet.is_keyframe, clock, codec, session)
