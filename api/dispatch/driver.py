"""What the outbox needs of a dispatch target: one small file a protocol beside this one."""

from typing import Protocol

from api.outgoing import Outgoing


class TryAgain(Exception):
    """It was not acknowledged, or nobody knows whether it arrived; the same key may be sent again.

    Attributes:
        whole_target: nothing else would get through to this target now either.
        after_s: the target asked for this much patience, seconds.
    """

    def __init__(self, reason: str, *, whole_target: bool = False, after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.whole_target, self.after_s = whole_target, after_s


class Refused(Exception):
    """The target will never accept this as it is; the text says why."""


class Driver(Protocol):
    """Speaks one target's protocol. Sending the same thing twice must have the effect of sending it once."""

    def deliver(self, outgoing: Outgoing) -> str:
        """Send, and return what the target calls it.

        Raises:
            TryAgain: it may work later.
            Refused: it never will.
        """
        ...
