"""The last seconds of one camera, compressed: what clips are cut from, and where "who brought it?" is looked up."""

import threading
from collections import deque
from dataclasses import dataclass, field

from streams.packets import StreamPacket

PACKET_OVERHEAD_BYTES = 500
"""What a packet costs in memory besides its data: 417 bytes of objects by `sys.getsizeof`, and the allocator."""


@dataclass(frozen=True, slots=True)
class RingLoss:
    """What a ring had to let go although somebody had pinned it.

    Attributes:
        packets: how many.
        size_bytes: their memory.
        notices: a line a pin that lost something, newest state.
    """

    packets: int = 0
    size_bytes: int = 0
    notices: tuple[str, ...] = ()


@dataclass(slots=True)
class _Group:
    """A key frame and all that leans on it; pictures before the key frame may lean on the group before."""

    start_s: float
    end_s: float
    size_bytes: int = 0
    packets: list[StreamPacket] = field(default_factory=list)


class PacketRing:
    """Keeps the newest packets of one camera, in whole groups that begin with a key frame.

    The ring holds at least the newest `keep_s` seconds where bytes allow it: the oldest group goes once the rest
    covers them, so the ring reaches back by up to one group more. Over `max_bytes` the oldest group goes in any case;
    a group that is too big alone is kept and `oversized` says so. Neither limit touches a pinned range, up to
    `max_pinned_bytes`: that one is hard, what is lost to it is counted in `lost`. A single group that outgrows even it
    (a camera without key frames) is dropped whole, and the ring waits for the next key frame.

    Packets before the first key frame, or between a reconnect and the next key frame, cannot be decoded and are not
    kept; `unusable` counts them. One thread appends, any thread reads or pins.
    """

    def __init__(
        self, camera: str, *, keep_s: float = 60.0, max_bytes: int = 64 << 20, max_pinned_bytes: int = 256 << 20
    ) -> None:
        """Make an empty ring.

        Args:
            camera: its id, for notices.
            keep_s: seconds to keep.
            max_bytes: memory that the ring may take while nothing is pinned.
            max_pinned_bytes: memory that it may take at all.

        Raises:
            ValueError: a limit is not positive, or the hard one is below the soft one.
        """
        if not keep_s > 0:
            raise ValueError(f"keep_s must be above 0, got {keep_s}")
        if not 0 < max_bytes <= max_pinned_bytes:
            raise ValueError(f"limits must be 0 < max_bytes <= max_pinned_bytes, got {max_bytes}, {max_pinned_bytes}")
        self.camera = camera
        self._keep_s, self._max_bytes, self._max_pinned_bytes = keep_s, max_bytes, max_pinned_bytes
        self._lock = threading.Lock()
        self._groups: deque[_Group] = deque()
        self._pins: dict[str, float] = {}
        self._size_bytes = 0
        self._newest_session: int | None = None
        self._lost_packets = 0
        self._lost_bytes = 0
        self._notices: dict[str, str] = {}
        self._unusable = 0

    def append(self, packet: StreamPacket) -> None:
        """Add the camera's next packet, in decoding order."""
        size = len(packet.data) + PACKET_OVERHEAD_BYTES
        at_s = packet.clock.media_s
        with self._lock:
            if packet.is_key:
                self._groups.append(_Group(at_s, at_s))
            elif not self._groups or packet.session != self._newest_session:
                self._unusable += 1
                return
            self._newest_session = packet.session
            newest = self._groups[-1]
            newest.packets.append(packet)
            newest.size_bytes += size
            newest.end_s = max(newest.end_s, at_s)
            self._size_bytes += size
            self._make_room()

    def since(self, media_s: float) -> tuple[StreamPacket, ...]:
        """Everything from the last key frame at or before a moment, or all there is when the ring begins later."""
        with self._lock:
            return tuple(p for group in self._from(media_s) for p in group.packets)

    def between(self, from_s: float, to_s: float) -> tuple[StreamPacket, ...]:
        """A range that decodes: from the last key frame at or before `from_s`, in decoding order.

        It ends with the last packet whose picture is shown at or before `to_s`. Pictures that come after `to_s` may
        be among them where B-frames lean on them.
        """
        packets = list(self.since(from_s))
        while packets and packets[-1].clock.media_s > to_s:
            packets.pop()
        return tuple(packets)

    def pin(self, name: str, from_s: float) -> float | None:
        """Keep everything from a moment on until it is unpinned; pinning a name again moves its start.

        Returns:
            `media_s` where what is held for the pin begins: later than `from_s` when the ring begins later; None when
            the ring is empty.
        """
        with self._lock:
            self._pins[name] = from_s
            held = self._from(from_s)
            return held[0].start_s if held else None

    def unpin(self, name: str) -> None:
        """Let a pinned range go; a name that is not pinned is no error, so that a restart may unpin once more."""
        with self._lock:
            self._pins.pop(name, None)
            self._make_room()

    @property
    def pins(self) -> dict[str, float]:
        """The pinned ranges: name to first moment."""
        with self._lock:
            return dict(self._pins)

    @property
    def span(self) -> tuple[float, float] | None:
        """First and last moment in the ring, `media_s`; None when it is empty."""
        with self._lock:
            if not self._groups:
                return None
            return self._groups[0].start_s, max(group.end_s for group in self._groups)

    @property
    def size_bytes(self) -> int:
        """Memory taken, the packets' objects included."""
        with self._lock:
            return self._size_bytes

    @property
    def oversized(self) -> bool:
        """Whether one group alone is over `max_bytes`: the camera sends key frames too rarely for this ring."""
        with self._lock:
            return any(group.size_bytes > self._max_bytes for group in self._groups)

    @property
    def unusable(self) -> int:
        """Packets not kept because no key frame led to them."""
        with self._lock:
            return self._unusable

    @property
    def lost(self) -> RingLoss:
        """What was pinned and had to go all the same."""
        with self._lock:
            return RingLoss(self._lost_packets, self._lost_bytes, tuple(self._notices.values()))

    def __len__(self) -> int:
        """Number of packets."""
        with self._lock:
            return sum(len(group.packets) for group in self._groups)

    def _from(self, media_s: float) -> list[_Group]:
        """Groups from the one that shows a moment on; the lock is held."""
        held: list[_Group] = []
        for group in reversed(self._groups):
            held.append(group)
            if group.start_s <= media_s:
                break
        return held[::-1]

    def _make_room(self) -> None:
        """Let the oldest groups go while a limit asks for it and no pin forbids it; the lock is held."""
        pinned_from = min(self._pins.values(), default=None)
        while len(self._groups) > 1:
            second_s = self._groups[1].start_s
            over = self._size_bytes > self._max_bytes or second_s <= self._groups[-1].end_s - self._keep_s
            pinned = pinned_from is not None and second_s > pinned_from
            if not over or (pinned and self._size_bytes <= self._max_pinned_bytes):
                return
            self._drop_oldest()
        if self._groups and self._size_bytes > self._max_pinned_bytes:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        gone = self._groups.popleft()
        self._size_bytes -= gone.size_bytes
        next_s = self._groups[0].start_s if self._groups else gone.end_s
        robbed = [name for name, from_s in self._pins.items() if from_s < next_s]
        if robbed or not self._groups:
            self._lost_packets += len(gone.packets)
            self._lost_bytes += gone.size_bytes
        if not self._groups:
            self._notices[""] = (
                f"{self.camera}: {gone.end_s - gone.start_s:.0f} s without a key frame filled the whole ring, and it "
                "was all let go; set a shorter key frame interval on the camera"
            )
        for name in robbed:
            self._notices[name] = (
                f"{self.camera}: {name} lost its pictures up to {next_s:.1f} s: more than "
                f"{self._max_pinned_bytes >> 20} MiB were pinned"
            )
