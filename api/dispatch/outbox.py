"""The worker that empties the outbox: one row at a time, again and again until each is acknowledged.

A row is claimed in the database before anything is sent, so a kill at any moment leaves it `sending`; the next start
makes it pending again. Whether the target already has it is then unknown, and harmless: every try carries the same
idempotency key.
"""

import logging
import random
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from api.dispatch.driver import Driver, Refused, TryAgain
from api.outgoing import LONGEST_PAUSE, OutboxItem
from api.store import Store

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = LONGEST_PAUSE.total_seconds()
_POLL_S = 0.5
_MOST_WORDS = 2000

_log = logging.getLogger(__name__)


class Outbox:
    """Sends what the store has queued.

    Args:
        store: where the rows are.
        drivers: one a target, by the name the rows use.
        clock: the time now, aware, UTC.
        rng: for jitter: boxes that failed together must not return together.
    """

    def __init__(
        self, store: Store, drivers: Mapping[str, Driver], clock: Callable[[], datetime], rng: random.Random
    ) -> None:
        self._store, self._drivers, self._clock, self._rng = store, dict(drivers), clock, rng
        self._resting: dict[str, datetime] = {}
        self._news = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; the row being sent is finished first. Meant for a thread of its own."""
        self.recover()
        while not stop.is_set():
            if not self._step_or_log():
                self._news.wait(_POLL_S)
                self._news.clear()

    def wake(self) -> None:
        """Something was queued: look at once. May be called from any thread."""
        self._news.set()

    def recover(self) -> int:
        """Make pending again what a killed worker was sending. Call once before the first `step`."""
        return self._store.unclaim_all(self._clock())

    def step(self) -> bool:
        """Try one row that is due; False when none is."""
        now = self._clock()
        awake = [name for name in self._drivers if not self._rests(name, now)]
        item = self._store.claim(awake, now)
        if item is None:
            return False
        target = item.outgoing.target
        try:
            reference = self._drivers[target].deliver(item.outgoing)
        except Refused as exc:
            _log.error("dead letter %s to %s: %s", item.id, target, exc)
            self._store.never_sent(item, _short(str(exc)), self._clock())
        except TryAgain as exc:
            self._put_back(item, str(exc), exc.after_s, exc.whole_target)
        except Exception as exc:  # noqa: BLE001 - a driver's defect must neither lose the row nor stop the others
            _log.exception("driver of %s failed on row %s", target, item.id)
            self._put_back(item, f"defect in the driver: {type(exc).__name__}: {exc}", 0.0, whole_target=False)
        else:
            self._store.sent(item, reference, self._clock())
            self._resting.pop(target, None)
        return True

    def _put_back(self, item: OutboxItem, reason: str, after_s: float, whole_target: bool) -> None:
        wait_s = max(min(after_s, LONGEST_WAIT_S), backoff_s(item.attempts, self._rng))
        now = self._clock()
        next_try_at = now + timedelta(seconds=wait_s)
        target = item.outgoing.target
        _log.warning("row %s to %s, try %s, again in %.0f s: %s", item.id, target, item.attempts, wait_s, reason)
        self._store.not_sent(item, _short(reason), next_try_at, now)
        if whole_target:
            self._resting[target] = next_try_at

    def _rests(self, target: str, now: datetime) -> bool:
        return now < self._resting.get(target, now) <= now + LONGEST_PAUSE  # beyond that, the clock was set back

    def _step_or_log(self) -> bool:
        try:
            return self.step()
        except Exception:  # noqa: BLE001 - the top of a worker: a busy database must not end it
            _log.exception("the outbox could not reach its store; it goes on trying")
            return False


def backoff_s(attempts: int, rng: random.Random) -> float:
    """Seconds to wait after this many tries: doubling from one second to five minutes, the upper half random.

    "Equal jitter" of https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/.
    """
    ceiling = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(max(attempts, 1) - 1, 16))
    return ceiling * rng.uniform(0.5, 1.0)


def _short(words: str) -> str:
    return words if len(words) <= _MOST_WORDS else words[: _MOST_WORDS - 1] + "…"
