"""`patrol demo`: the whole chain on the sample clip, each part the real one."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import httpx2

from api.store import Store
from api.tokens import TokenScope
from patrol.errors import InputProblem
from streams.simulator import Simulator

SITE = Path(__file__).parents[1] / "demo_site"
PATIENCE_S = 180.0


@click.command()
@click.option("--once", is_flag=True, help="End when the case was accepted; a run without a terminal always does.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("patrol-demo"),
    show_default=True,
    help="Where the demo's site is made, in a folder of its own.",
)
def demo(once: bool, folder: Path) -> None:
    """Watch a real street clip become a sealed packet and a case on a page.

    A simulated camera serves the clip over RTSP, `patrol run` watches it, seals what it finds and posts it over HTTP to
    `patrol serve`; all on this machine.
    """
    site = folder.absolute() / datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    shutil.copytree(SITE, site, ignore=shutil.ignore_patterns("__pycache__"))
    with Simulator(SITE / "sample.mp4") as camera, _service(site) as url, _watcher(site, url, camera.url):
        case = _first_case(site, url)
        found = {"cases": case["total"], "packet": _packet(site, case["items"][0]), "page": url}
        _say(f"case {case['items'][0]['id']} was accepted; look at it: {url}")
        if once or not sys.stdout.isatty():
            click.echo(json.dumps({**found, "page": f"{url}cases/{case['items'][0]['id']}"}))
            return
        click.echo(f"\n  page    {url}cases/{case['items'][0]['id']}\n  packet  {found['packet']}")
        click.echo(f"  check   patrol verify {found['packet']}\n\nCtrl-C ends the demo; the folder stays.")
        _wait_for_ctrl_c()


@contextmanager
def _service(site: Path) -> Iterator[str]:
    """`patrol serve` on a free port; gives its address."""
    command = [sys.executable, "-m", "patrol.main", "serve", str(site), "--port", "0"]
    with _process(command, site / "serve.log") as process:
        yield _address(process, site / "serve.log")


@contextmanager
def _watcher(site: Path, api: str, camera: str) -> Iterator[None]:
    """`patrol run` on the simulated camera."""
    config = site / "cameras" / "campus.toml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("rtsp://127.0.0.1:8554/stream", camera), encoding="utf-8")
    _say(f"camera   {camera} (simulated, real RTSP)")
    _say(f"serving  {api}")
    command = [sys.executable, "-m", "patrol.main", "run", str(site), "--api", api]
    with _process(command, site / "run.log"):
        yield


@contextmanager
def _process(command: list[str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as lines, subprocess.Popen(command, stdout=lines, stderr=lines) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("serving on "):
                return line.removeprefix("serving on ")
        time.sleep(0.1)
    raise InputProblem(f"the service did not start:\n{log.read_text(encoding='utf-8', errors='replace')}")


def _first_case(site: Path, url: str) -> dict[str, Any]:
    """Wait until a case was accepted, telling what happens meanwhile."""
    store = Store(site / "data")
    token = store.make_token("demo", TokenScope.READ, datetime.now(UTC))
    told = ""
    begun = time.monotonic()
    with httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, trust_env=False) as client:
        while time.monotonic() - begun < PATIENCE_S:
            cases: dict[str, Any] = client.get("api/v1/cases").raise_for_status().json()
            if cases["total"]:
                store.close()
                return cases
            states = ", ".join(f"{i.kind} in {i.zone_id}: {i.state}" for i in store.open_incidents())
            if states != told:
                told = states
                _say(f"{time.monotonic() - begun:5.1f} s  {states}")
            time.sleep(0.5)
    log = (site / "run.log").read_text(encoding="utf-8", errors="replace")
    raise InputProblem(f"no case within {PATIENCE_S:.0f} s; the watcher said:\n{log[-3000:]}")


def _packet(site: Path, case: dict[str, Any]) -> str:
    for bag in (site / "data" / "packets").rglob("bagit.txt"):
        return str(bag.parent)
    raise InputProblem(f"case {case['id']} was accepted, but its packet is not under {site / 'data' / 'packets'}")


def _say(text: str) -> None:
    click.echo(text, err=True)


def _wait_for_ctrl_c() -> None:
    try:
        while True:
            time.sleep(1)
    except KeyboardInterrupt:
        _say("")
