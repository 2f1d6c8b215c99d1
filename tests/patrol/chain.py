"""The real command in real processes: a site of one simulated camera, its watcher and its server."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2

from api.store import Store
from api.tokens import TokenScope
from patrol.commands.demo import SITE as DEMO_SITE

SAMPLE = DEMO_SITE / "sample.mp4"

ZONE = """
[[zones]]
id = "gate"
kind = "no_parking"
polygon_px = [[600, 40], [728, 40], [728, 130], [600, 130]]
dwell_s = {dwell_s}
"""


def make_site(folder: Path, source: str, *, dwell_s: float) -> Path:
    """A site with one camera over the sample clip's road, and a zone around the van's place."""
    (folder / "cameras").mkdir(parents=True)
    (folder / "site.toml").write_text('name = "Test"\ntimezone = "Asia/Shanghai"\ncountry = "CN"\n')
    text = f'source = "{source}"\nsize_px = [768, 576]\n' + ZONE.format(dwell_s=dwell_s)
    (folder / "cameras" / "cam-1.toml").write_text(text)
    return folder


def until(true: Callable[[], Any], patience_s: float, what: str) -> Any:
    """Wait for something; what it gave."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        found = true()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"waited {patience_s} s in vain for {what}")


@dataclass
class Chain:
    """`patrol run` and `patrol serve` on one site; either may be killed and started again."""

    site: Path
    port: int = 0
    _processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def __enter__(self) -> "Chain":
        self.start("serve")
        self.start("run")
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            process.kill()
            process.wait()

    @property
    def url(self) -> str:
        """Of the server."""
        return f"http://127.0.0.1:{self.port}/"

    def start(self, name: str) -> None:
        """Start `run` or `serve`; a server that was there before comes back on its port."""
        options = ["--port", str(self.port)] if name == "serve" else ["--api", self.url]
        log = self.log(name)
        begun = len(log.read_bytes()) if log.exists() else 0
        with log.open("ab") as lines:
            command = [sys.executable, "-m", "patrol.main", name, str(self.site), *options]
            self._processes[name] = subprocess.Popen(command, stdout=lines, stderr=lines)
        if name == "serve":
            self.port = until(lambda: self._announced_port(begun), 60, "the server's address")

    def kill(self, name: str) -> None:
        """As a power cut would."""
        self._processes[name].kill()
        self._processes[name].wait()

    def end(self, name: str) -> int:
        """Ask it to stop, as systemd would; its exit code."""
        self._processes[name].terminate()
        return self._processes[name].wait(30)

    def log(self, name: str) -> Path:
        """What it wrote."""
        return self.site / f"{name}.log"

    def cases(self) -> list[dict[str, Any]]:
        """What the server has, asked as a client would; nothing while it is down."""
        try:
            answer = httpx2.get(
                f"{self.url}api/v1/cases", headers={"Authorization": f"Bearer {self._token()}"}, trust_env=False
            )
        except httpx2.TransportError:
            return []
        items: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
        return items

    def _announced_port(self, begun: int) -> int:
        if self._processes["serve"].poll() is not None:
            raise AssertionError(self.log("serve").read_text())
        for line in self.log("serve").read_bytes()[begun:].decode().splitlines():
            if line.startswith("serving on "):
                return int(line.rstrip("/").rsplit(":", 1)[1])
        return 0

    def _token(self) -> str:
        path = self.site / "reader.token"
        if not path.exists():
            store = Store(self.site / "data")
            path.write_text(store.make_token("reader", TokenScope.READ, datetime.now(UTC)))
            store.close()
        return path.read_text()
