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
