"""What goes wrong outside: clocks, servers that lose their answers, targets that fail as often as they are told."""

import random
from datetime import datetime, timedelta

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.outgoing import Outgoing
from tests.api.values import NOW


class SteppedClock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class FaultyServer:
    """The real service, with what networks do to every POST in turn: the commit happens, the answer gets lost."""

    FAULTS = ("timeout after commit", "500 before", "500 after commit", "torn answer after commit", "nonsense", "none")

    def __init__(self, app: ASGIApp, hang_s: float) -> None:
        self._app, self._hang_s = app, hang_s
        self.posts = 0
        self.served: dict[str, int] = dict.fromkeys(self.FAULTS, 0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        fault = self.FAULTS[self.posts % len(self.FAULTS)]
        self.posts += 1
        self.served[fault] += 1
        if fault == "none":
            await self._app(scope, receive, send)
            return
        if fault != "500 before":
            await self._app(scope, receive, _into_the_void)
        if fault == "timeout after commit":
            await anyio.sleep(self._hang_s)
        status = 200 if fault in ("nonsense", "torn answer after commit") else 500
        length = b"1000" if fault == "torn answer after commit" else b"2"
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", length)]})
        await send({"type": "http.response.body", "body": b"ok"})


async def _into_the_void(_: Message) -> None:
    """An answer that nobody gets."""


class Recording:
    """A driver of a target that only remembers, and fails as often as it is told."""

    def __init__(self, failures: list[Exception] | None = None) -> None:
        self.seen: list[Outgoing] = []
        self.failures = failures or []

    def deliver(self, outgoing: Outgoing) -> str:
        if self.failures:
            raise self.failures.pop(0)
        self.seen.append(outgoing)
        return f"case-{len(self.seen)}"


def dice() -> random.Random:
    """Jitter that is the same in every run."""
    return random.Random(1)  # noqa: S311
