"""The outbox: every row is acknowledged once in the end, whatever the other side and the power supply do."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.dispatch.driver import Refused, TryAgain
from api.dispatch.outbox import FIRST_WAIT_S, LONGEST_WAIT_S, Outbox, backoff_s
from api.dispatch.own_api import OwnApi
from api.outgoing import Outgoing, SendState
from api.store import Store
from api.tokens import TokenScope
from tests.api.faults import FaultyServer, Recording, SteppedClock, dice
from tests.api.packets import Sealed
from tests.api.serving import Service, listening
from tests.api.values import NOW, incident, outgoing, packet


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def box(tmp_path: Path, sealed_packets: tuple[Sealed, ...]) -> Iterator[Store]:
    """A box that has sealed six incidents and sent nothing."""
    store = Store(tmp_path / "box")
    for one in sealed_packets:
        store.commit_sealed(one.incident, one.packet, [one.outgoing()], NOW)
    yield store
    store.close()


def empty(outbox: Outbox, clock: SteppedClock, store: Store, most: int = 200) -> None:
    """Step until nothing waits, with the clock running ahead over each pause."""
    for _ in range(most):
        while outbox.step():
            pass
        if not store.outbox_depth().waiting:
            return
        clock.advance(LONGEST_WAIT_S)
    raise AssertionError(f"still waiting: {store.outbox(SendState.PENDING)}")


def test_a_server_that_loses_answers_ends_up_with_exactly_one_case_each(
    served: Service, box: Store, clock: SteppedClock, sealed_packets: tuple[Sealed, ...]
) -> None:
    faulty = FaultyServer(served.app, hang_s=0.6)
    with listening(faulty) as url:
        driver = OwnApi(url, served.tokens[TokenScope.BOX], timeout_s=0.3)
        empty(Outbox(box, {"own": driver}, clock, dice()), clock, box)
        driver.close()
    cases, total = served.store.cases()
    assert total == len(sealed_packets)
    assert {case.report.incident_id for case in cases} == {one.incident.id for one in sealed_packets}
    done = {item.outgoing.idempotency_key: item.reference for item in box.outbox(SendState.DONE)}
    assert done == {case.report.incident_id: case.id for case in cases}
    assert all(faulty.served[fault] > 0 for fault in FaultyServer.FAULTS), faulty.served


def test_a_server_that_is_away_costs_one_try_and_delays_nobody_else(box: Store, clock: SteppedClock) -> None:
    box.commit_sealed(incident(99), packet(99), [outgoing(99, "elsewhere")], NOW)
    elsewhere = Recording()
    driver = OwnApi("http://127.0.0.1:9", "token", timeout_s=0.5)  # the discard port: nobody listens there
    outbox = Outbox(box, {"own": driver, "elsewhere": elsewhere}, clock, dice())
    while outbox.step():
        pass
    driver.close()
    assert len(elsewhere.seen) == 1
    tried = [item for item in box.outbox(SendState.PENDING) if item.attempts]
    assert len(tried) == 1 and "ConnectError" in str(tried[0].last_error)
    assert box.outbox_depth().waiting == {"own": 6}


def test_a_wrong_token_is_tried_again_until_it_is_right_and_never_shown(
    served: Service, box: Store, clock: SteppedClock
) -> None:
    with listening(served.app) as url:
        wrong = OwnApi(url, "patrol_box_wrong-secret")
        Outbox(box, {"own": wrong}, clock, dice()).step()
        wrong.close()
        item = next(item for item in box.outbox() if item.attempts)
        assert item.state is SendState.PENDING and "401 not_signed_in" in str(item.last_error)
        assert "wrong-secret" not in str(box.outbox())
        right = OwnApi(url, served.tokens[TokenScope.BOX])
        empty(Outbox(box, {"own": right}, clock, dice()), clock, box)
        right.close()
    assert served.store.cases()[1] == 6


def test_what_can_never_be_accepted_becomes_a_dead_letter_that_can_be_sent_again(
    served: Service, tmp_path: Path, clock: SteppedClock, sealed: Sealed
) -> None:
    store = Store(tmp_path / "box")
    lying = Outgoing("own", "a-lying-report", sealed.report.body() | {"camera": "cam-9"}, sealed.packet.path)
    gone = Outgoing("own", "packet-is-gone", sealed.report.body() | {"packet_sha256": "0" * 64}, tmp_path / "gone")
    store.commit_sealed(sealed.incident, sealed.packet, [lying, gone], NOW)
    with listening(served.app) as url:
        driver = OwnApi(url, served.tokens[TokenScope.BOX])
        outbox = Outbox(store, {"own": driver}, clock, dice())
        while outbox.step():
            pass
        dead = store.outbox(SendState.DEAD)
        assert "report_disagrees" in str(dead[0].last_error) and "cam-9" in str(dead[0].last_error)
        assert "gone from this box" in str(dead[1].last_error)
        assert store.outbox_depth().dead == {"own": 2} and store.outbox_depth().waiting == {}
        assert store.revive(dead[0].id, clock()) and not store.revive(12345, clock())
        assert outbox.step()
        driver.close()
    assert store.outbox(SendState.DEAD)[0].attempts == 2
    assert served.store.cases()[1] == 0
    store.close()


def test_patience_that_a_target_asks_for_is_kept(store: Store, clock: SteppedClock) -> None:
    store.commit_sealed(incident(1), packet(1), [outgoing(1)], NOW)
    driver = Recording([TryAgain("busy", whole_target=True, after_s=60.0)])
    outbox = Outbox(store, {"own": driver}, clock, dice())
    assert outbox.step() and not outbox.step()
    clock.advance(59)
    assert not outbox.step()
    clock.advance(2)
    assert outbox.step() and len(driver.seen) == 1


def test_a_defect_in_a_driver_loses_nothing(store: Store, clock: SteppedClock) -> None:
    store.commit_sealed(incident(1), packet(1), [outgoing(1)], NOW)
    outbox = Outbox(store, {"own": Recording([ZeroDivisionError("oops"), Refused("no")])}, clock, dice())
    outbox.step()
    assert store.outbox(SendState.PENDING)[0].last_error == "defect in the driver: ZeroDivisionError: oops"
    clock.advance(10)
    outbox.step()
    assert store.outbox(SendState.DEAD)[0].last_error == "no"


def test_a_clock_that_was_set_back_delays_nothing(store: Store, clock: SteppedClock) -> None:
    store.commit_sealed(incident(1), packet(1), [outgoing(1)], NOW)
    driver = Recording([TryAgain("away", whole_target=True)])
    outbox = Outbox(store, {"own": driver}, clock, dice())
    outbox.step()
    clock.advance(-7200)
    assert outbox.step() and len(driver.seen) == 1


def test_rows_of_a_target_without_a_driver_wait(store: Store, clock: SteppedClock) -> None:
    store.commit_sealed(incident(1), packet(1), [outgoing(1, "city")], NOW)
    assert not Outbox(store, {"own": Recording()}, clock, dice()).step()
    assert store.outbox(SendState.PENDING)[0].attempts == 0


@given(attempts=st.integers(0, 10_000), seed=st.integers())
def test_pauses_double_up_to_a_limit_and_differ_between_boxes(attempts: int, seed: int) -> None:
    ceiling = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(max(attempts - 1, 0), 20))
    assert ceiling / 2 <= backoff_s(attempts, random.Random(seed))  # noqa: S311 <= ceiling


def test_the_worker_sends_at_once_when_woken_and_stops_when_told(store: Store) -> None:
    driver = Recording()
    outbox = Outbox(store, {"own": driver}, lambda: datetime.now(UTC), dice())
    stop = threading.Event()
    worker = threading.Thread(target=outbox.run, args=(stop,))
    worker.start()
    try:
        for number in range(1, 4):
            store.commit_sealed(incident(number), packet(number), [outgoing(number)], datetime.now(UTC))
            outbox.wake()
            deadline = time.monotonic() + 5
            while len(driver.seen) < number and time.monotonic() < deadline:
                time.sleep(0.005)
    finally:
        stop.set()
        outbox.wake()
        worker.join(10)
    assert len(driver.seen) == 3 and not worker.is_alive()
    assert [item.reference for item in store.outbox(SendState.DONE)] == ["case-1", "case-2", "case-3"]


DYING = """
import os, random, signal, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from api.dispatch.outbox import Outbox
from api.dispatch.own_api import OwnApi
from api.store import Store

data, url, token, moment = sys.argv[1:]

def die():
    os.kill(os.getpid(), signal.SIGKILL)

class Dying(OwnApi):
    def deliver(self, outgoing):
        if moment == "claimed":
            die()
        reference = super().deliver(outgoing)
        if moment == "acknowledged":
            die()
        return reference

    def _upload(self, packet, sha256):
        super()._upload(packet, sha256)
        if moment == "uploaded":
            die()

outbox = Outbox(Store(Path(data)), {"own": Dying(url, token)}, lambda: datetime.now(UTC), random.Random(1))
outbox.recover()
while outbox.step():
    if moment == "settled":
        die()
"""


@pytest.mark.parametrize("moment", ["claimed", "uploaded", "acknowledged", "settled"])
def test_kill_9_at_any_step_leaves_one_case(served: Service, tmp_path: Path, sealed: Sealed, moment: str) -> None:
    store = Store(tmp_path / "box")
    store.commit_sealed(sealed.incident, sealed.packet, [sealed.outgoing()], NOW)
    with listening(served.app) as url:
        arguments = [sys.executable, "-c", DYING, str(tmp_path / "box"), url, served.tokens[TokenScope.BOX]]
        killed = subprocess.run([*arguments, moment], timeout=60, check=False)
        assert killed.returncode == -signal.SIGKILL
        if moment != "settled":
            assert [item.state for item in store.outbox()] == [SendState.SENDING]
        assert subprocess.run([*arguments, "never"], timeout=60, check=False).returncode == os.EX_OK
    assert served.store.cases()[1] == 1
    assert [item.reference for item in store.outbox(SendState.DONE)] == [served.store.cases()[0][0].id]
    store.close()


@pytest.mark.parametrize("url", ["ftp://host", "http://", "http://user:secret@host", "host:8000"])
def test_an_address_that_is_none_is_refused_without_showing_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="url must") as caught:
        OwnApi(url, "token")
    assert "secret" not in str(caught.value)
