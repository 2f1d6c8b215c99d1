"""Which pictures of a stream are looked at."""

import math

from streams.clock import FrameClock


class Cadence:
    """So many looks a second of media time, whatever the frame rate.

    The looks sit on a fixed grid of the stream's own time, so replaying footage looks at the same pictures each time,
    and dropped frames shift a look to the next picture instead of moving all later ones.

    Args:
        looks_per_s: at most this many looks a second; more than 0.

    Raises:
        ValueError: `looks_per_s` is not positive.
    """

    def __init__(self, looks_per_s: float) -> None:
        if not looks_per_s > 0:
            raise ValueError(f"looks_per_s must be more than 0, got {looks_per_s}")
        self.looks_per_s = looks_per_s
        self._slot: int | None = None

    def due(self, clock: FrameClock) -> bool:
        """Whether the picture with this clock is to be looked at; the first one always is."""
        # A millisecond of slack: 0.2 s steps are not exact in floats, and a look must not wait for rounding.
        slot = math.floor((clock.media_s + 1e-3) * self.looks_per_s)
        if slot == self._slot:
            return False
        self._slot = slot
        return True


class KeyFrames:
    """Which key frames of a camera on patrol are looked at: few, but at least one every `longest_s`.

    Where key frames come more seldom than that, each is looked at; where they come so seldom that they are no patrol
    at all, `rare` says so.

    Args:
        longest_s: from one look to the next, seconds of media time, where the stream allows it.
        rare_s: a camera that sends no key frame for longer than this cannot be patrolled on key frames.
    """

    def __init__(self, longest_s: float = 2.0, rare_s: float = 6.0) -> None:
        if not 0 < longest_s <= rare_s:
            raise ValueError(f"must be 0 < longest_s <= rare_s, got {longest_s} and {rare_s}")
        self._longest_s, self._rare_s = longest_s, rare_s
        self._key_s: float | None = None
        self._looked_s: float | None = None
        self.interval_s = 0.0

    def note(self, clock: FrameClock) -> None:
        """A key frame came in."""
        if self._key_s is not None and clock.media_s > self._key_s:
            self.interval_s = clock.media_s - self._key_s
        self._key_s = clock.media_s

    def due(self, clock: FrameClock) -> bool:
        """Whether the key frame just noted is to be looked at: yes, unless the next one will be early enough."""
        since_s = math.inf if self._looked_s is None else clock.media_s - self._looked_s
        # A tenth of slack: key frames that come every 2.00 s sometimes come after 2.04 s.
        if since_s >= 0 and since_s + self.interval_s <= self._longest_s * 1.1 and self.interval_s > 0:
            return False
        self._looked_s = clock.media_s
        return True

    def rare(self, clock: FrameClock) -> bool:
        """Whether key frames come too seldom, as far as is known when a packet with this clock comes in."""
        waiting_s = 0.0 if self._key_s is None else clock.media_s - self._key_s
        return max(waiting_s, self.interval_s) > self._rare_s
