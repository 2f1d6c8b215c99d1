"""What can go wrong with a source of pictures, each with its own name and what to do about it.

    Exception
    └── SourceLost          no pictures from this source at the moment
        ├── Down            nobody answers at its address
        ├── WrongPassword   it answers, but refuses the login
        ├── WrongPath       it answers, but knows no such stream
        ├── Frozen          it answers, but pictures stopped coming
        └── Unreadable      something comes, but no video that we can read

None of them ever holds a password: the message is redacted as it is made.
"""

from streams.credentials import redacted


class SourceLost(Exception):
    """No pictures come from a source; `reason` says why and what to do.

    Args:
        source: id of the camera or the footage.
        reason: what is wrong and what to do, one sentence each.
    """

    def __init__(self, source: str, reason: str) -> None:
        self.source = source
        self.reason = redacted(reason)
        super().__init__(f"{source}: {self.reason}")


class Down(SourceLost):
    """Nobody answers at the address, or the connection ended."""


class WrongPassword(SourceLost):
    """The source refuses the login."""


class WrongPath(SourceLost):
    """The source answers but has no stream under that path."""


class Frozen(SourceLost):
    """The connection stands but pictures stopped coming."""


class Unreadable(SourceLost):
    """What comes holds no video that FFmpeg can read."""
