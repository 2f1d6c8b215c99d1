"""How many requests a second the service answers, asked over real sockets by one client after the other."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2

from api.store import Store
from api.tokens import TokenScope
from patrol.errors import InputProblem

PATHS = ("healthz", "api/v1/cases", "")
_PATIENCE_S = 60.0


def measure(seconds: float) -> list[dict[str, Any]]:
    """A row a path, each asked for some seconds.

    Raises:
        InputProblem: the service did not start.
    """
    with tempfile.TemporaryDirectory() as folder, _served(Path(folder)) as (url, token):
        headers = {"Authorization": f"Bearer {token}"}
        with httpx2.Client(base_url=url, headers=headers, trust_env=False, follow_redirects=True) as client:
            return [_asked(client, path, seconds) for path in PATHS]


def _asked(client: httpx2.Client, path: str, seconds: float) -> dict[str, Any]:
    client.get(path)
    took: list[float] = []
    codes = set()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        begun = time.perf_counter()
        codes.add(client.get(path).status_code)
        took.append(time.perf_counter() - begun)
    took.sort()
    return {
        "path": f"/{path}",
        "status": sorted(codes),
        "requests_per_s": round(len(took) / sum(took), 1),
        "median_ms": round(took[len(took) // 2] * 1e3, 2),
        "p99_ms": round(took[int(len(took) * 0.99)] * 1e3, 2),
    }


@contextmanager
def _served(folder: Path) -> Iterator[tuple[str, str]]:
    (folder / "cameras").mkdir()
    (folder / "site.toml").write_text('name = "Bench"\ntimezone = "Asia/Shanghai"\ncountry = "CN"\n')
    (folder / "cameras" / "cam.toml").write_text('source = "rtsp://127.0.0.1:9/none"\nsize_px = [640, 360]\n')
    store = Store(folder / "data")
    token = store.make_token("bench", TokenScope.READ, datetime.now(UTC))
    store.close()
    command = [sys.executable, "-m", "patrol.main", "serve", str(folder), "--port", "0"]
    log = folder / "serve.log"
    with log.open("wb") as lines, subprocess.Popen(command, stderr=lines, env=os.environ) as process:
        try:
            yield _address(log), token
        finally:
            process.terminate()
            process.wait(30)


def _address(log: Path) -> str:
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        found = re.search(r"serving on (\S+)", log.read_text(encoding="utf-8", errors="replace"))
        if found:
            return found.group(1)
        time.sleep(0.1)
    raise InputProblem(f"the service did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
