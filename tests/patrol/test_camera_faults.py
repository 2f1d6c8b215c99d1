"""A watched camera that fails and comes back: `run` names the fault, recovers, and says whose time it is."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from streams.simulator import Simulator
from tests.patrol.chain import SAMPLE, Chain, make_site, until

RECOVERED_WITHIN_S = 15.0


def camera_on_healthz(chain: Chain) -> dict[str, Any]:
    """What the service says of the one camera."""
    answer = httpx2.get(f"{chain.url}healthz", trust_env=False).json()
    (camera,) = answer["cameras"]
    found: dict[str, Any] = camera
    return found


def seen_within_s(chain: Chain, state: str, patience_s: float) -> float:
    """Seconds until the camera is in a state."""
    begun = time.monotonic()
    until(lambda: camera_on_healthz(chain)["state"] == state, patience_s, f"the camera to be {state}")
    return time.monotonic() - begun


@pytest.mark.soak
@pytest.mark.timeout(400)
def test_a_camera_killed_frozen_and_back_with_a_wrong_clock_is_recovered_each_time(tmp_path: Path) -> None:
    with Simulator(SAMPLE) as camera, Chain(make_site(tmp_path / "site", camera.url, dwell_s=600)) as chain:
        until(lambda: httpx2.get(f"{chain.url}healthz", trust_env=False).json().get("cameras"), 60, "a camera")
        seen_within_s(chain, "watched", 60)

        camera.stall(10.0)
        frozen = seen_within_s(chain, "frozen", 12)
        back = seen_within_s(chain, "watched", 10.0 - frozen + RECOVERED_WITHIN_S)
        print(f"frozen: named after {frozen:.1f} s, live {back - (10 - frozen):.1f} s after it went on")  # noqa: T201

        camera.die()
        down = seen_within_s(chain, "down", 12)
        time.sleep(3)
        camera.set_clock_offset(3600.0)
        camera.revive()
        back = seen_within_s(chain, "watched", RECOVERED_WITHIN_S)
        print(f"killed: named after {down:.1f} s, live {back:.1f} s after it came back")  # noqa: T201

        def an_hour_ahead() -> bool:
            at = datetime.fromisoformat(camera_on_healthz(chain)["frame_at"])
            return 3590 < (at - datetime.now(UTC)).total_seconds() < 3610

        until(an_hour_ahead, RECOVERED_WITHIN_S, "frames stamped with what the camera says")
