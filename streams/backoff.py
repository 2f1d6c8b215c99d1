"""How long to wait before trying again."""

import random


class Backoff:
    """Waits that double up to a cap, each shortened by chance so that many do not knock at the same instant.

    Args:
        first_s: the longest first wait, seconds.
        cap_s: no wait is longer, seconds.
        chance: where the shortening comes from.
    """

    def __init__(self, first_s: float = 0.5, cap_s: float = 8.0, chance: random.Random | None = None) -> None:
        if not 0 < first_s <= cap_s:
            raise ValueError(f"expected 0 < first_s <= cap_s, got {first_s} and {cap_s}")
        self._first_s, self._cap_s = first_s, cap_s
        self._chance = chance or random.Random()  # noqa: S311 - spreads load, keeps no secret
        self._next_s = first_s

    def next_s(self) -> float:
        """The next wait, from half of the current step to all of it, seconds."""
        step_s, self._next_s = self._next_s, min(self._next_s * 2, self._cap_s)
        return self._chance.uniform(step_s / 2, step_s)

    def reset(self) -> None:
        """It went well: the next wait is short again."""
        self._next_s = self._first_s
