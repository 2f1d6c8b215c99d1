"""The thread beside the service that looks at the clocks of cases."""

import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable
from datetime import datetime

from fastapi import FastAPI

from api.case_moves import CaseRules
from api.clocks import Limits
from api.store import Store

LOOK_EVERY_S = 30.0

_log = logging.getLogger(__name__)


def clockwork(
    store: Store, limits: Limits, rules: CaseRules, clock: Callable[[], datetime], every_s: float = LOOK_EVERY_S
) -> Callable[[FastAPI], contextlib.AbstractAsyncContextManager[None]]:
    """The lifespan of a service that keeps limits: from start to stop, a look every `every_s` seconds."""

    def work(stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                if sent := store.run_clocks(limits, rules, clock()):
                    _log.info("%s reminders and escalations", sent)
            except Exception:  # noqa: BLE001 - the top of a worker: a busy database must not end it
                _log.exception("the clocks could not be looked at; it goes on trying")
            stop.wait(every_s)

    @contextlib.asynccontextmanager
    async def alive(_: FastAPI) -> AsyncIterator[None]:
        stop = threading.Event()
        thread = threading.Thread(target=work, args=(stop,), name="clocks", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(10)

    return alive
