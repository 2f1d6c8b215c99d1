"""From a sealed packet to a case that the server has acknowledged, on one box with a real outbox thread."""

import random
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from api.dispatch.outbox import Outbox
from api.dispatch.own_api import OwnApi
from api.outgoing import SendState
from api.store import Store
from api.tokens import TokenScope
from tests.api.packets import Sealed
from tests.api.serving import Service, listening


def test_a_sealed_finding_is_acknowledged_within_seconds(
    served: Service, tmp_path: Path, sealed_packets: tuple[Sealed, ...]
) -> None:
    box, stop = Store(tmp_path / "box"), threading.Event()
    with listening(served.app) as url:
        driver = OwnApi(url, served.tokens[TokenScope.BOX])
        outbox = Outbox(box, {"own": driver}, lambda: datetime.now(UTC), random.Random(1))  # noqa: S311 - jitter
        worker = threading.Thread(target=outbox.run, args=(stop,))
        worker.start()
        took: list[float] = []
        for one in sealed_packets:
            began = time.perf_counter()
            box.commit_sealed(one.incident, one.packet, [one.outgoing()], datetime.now(UTC))
            outbox.wake()
            while len(box.outbox(SendState.DONE)) <= len(took) and time.perf_counter() - began < 30:
                time.sleep(0.005)
            took.append(time.perf_counter() - began)
        stop.set()
        outbox.wake()
        worker.join(10)
        driver.close()
    assert served.store.cases()[1] == len(sealed_packets) == len(box.outbox(SendState.DONE))
    box.close()
    # Promised are 2 s on a box that has nothing else to do; a loaded machine is given more.
    assert max(took) < 15, took
    print([f"{s:.3f}" for s in took])  # noqa: T201 - `pytest -s` shows the figures
