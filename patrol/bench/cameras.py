"""How many cameras one core carries, beside the bound and beside other loops, all measured in the same run."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit

from models.registry import Registry
from patrol.bench.clip import SIZE_PX, make_clip
from patrol.bench.peers import PLAIN, SUPERVISION, ULTRALYTICS, measured
from patrol.errors import InputProblem

MODES = ("patrol", "watch10", "full")


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure.

    Attributes:
        clip: None: one is made.
        modes: some of `MODES`.
        cameras: on patrol; a fifth of them, at least one, at full rate.
        seconds: of each run, after its warm-up.
        peer_python: has the peers' packages; None: only those that run here.
        peer_weights: for ultralytics, a `.pt` file.
        cores: of the box, and of the cameras and nothing else.
    """

    clip: Path | None = None
    modes: Sequence[str] = MODES
    cameras: int = 10
    seconds: float = 30.0
    peer_python: str | None = None
    peer_weights: str = "yolov8n.pt"
    cores: tuple[int, int] = (0, 1)


def measure(plan: Plan) -> list[dict[str, Any]]:
    """A run a mode.

    Raises:
        InputProblem: a run failed; its last words are in the message.
    """
    with tempfile.TemporaryDirectory() as folder:
        clip = plan.clip or make_clip(Path(folder) / "street.mp4")
        peers = _peers(plan, clip)
        runs = []
        for mode in plan.modes:
            count = max(1, plan.cameras // 5) if mode == "full" else plan.cameras
            with _street(clip, count, plan.cores[1]) as urls:
                site = _site(Path(folder) / mode, urls)
                arguments = [str(site), str(clip), mode, str(plan.seconds), str(plan.cores[0])]
                done = subprocess.run(
                    [sys.executable, "-m", "patrol.bench.box", *arguments], capture_output=True, text=True, check=False
                )
            if done.returncode:
                raise InputProblem(f"the run in mode {mode} failed:\n{done.stderr[-3000:]}")
            runs.append({**json.loads(done.stdout.splitlines()[-1]), "peers": peers})
        return runs


def _peers(plan: Plan, clip: Path) -> dict[str, Any]:
    own = str(Registry.shipped().get("street-objects").file)
    python = plan.peer_python or sys.executable
    return {
        "ultralytics track()": measured("ultralytics", ULTRALYTICS, python, clip, plan.peer_weights, plan.cores[0]),
        "supervision + ONNX Runtime": measured("supervision", SUPERVISION, python, clip, own, plan.cores[0]),
        "plain OpenCV loop": measured("plain loop", PLAIN, sys.executable, clip, own, plan.cores[0]),
    }


@contextmanager
def _street(clip: Path, count: int, core: int) -> Iterator[list[str]]:
    command = [sys.executable, "-m", "patrol.bench.street", str(clip), str(count), str(core)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        line = process.stdout.readline()
        if not line:
            raise InputProblem("the simulated cameras did not start")
        try:
            yield json.loads(line)
        finally:
            assert process.stdin is not None  # noqa: S101 - it was asked for
            process.stdin.close()
            process.wait(30)


def _site(folder: Path, urls: Sequence[str]) -> Path:
    """Cameras with a zone over the middle of the picture."""
    (folder / "cameras").mkdir(parents=True)
    head = {"name": "Bench", "timezone": "Asia/Shanghai", "country": "CN"}
    (folder / "site.toml").write_text(tomlkit.dumps(head), encoding="utf-8")
    width, height = SIZE_PX
    left, top, right, bottom = width // 4, height // 4, width * 3 // 4, height * 3 // 4
    zone = {
        "kind": "no_parking",
        "polygon_px": [[left, top], [right, top], [right, bottom], [left, bottom]],
    }
    for n, url in enumerate(urls):
        camera = {"source": url, "size_px": [width, height], "zones": [zone | {"id": f"middle-{n:03}"}]}
        (folder / "cameras" / f"cam-{n:03}.toml").write_text(tomlkit.dumps(camera), encoding="utf-8")
    return folder
