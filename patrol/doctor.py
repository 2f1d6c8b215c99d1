"""Can this box do what its site asks? Each part is tried as the watcher would use it; nothing is changed."""

import ctypes
import os
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import httpx2
import numpy as np

from detector.letterbox import Fit
from detector.runtimes import choose
from models.registry import ModelEntry, Registry, WrongHash
from patrol import assembly
from patrol.errors import RequestProblem
from patrol.site import CameraSite, DispatchTarget, Site
from patrol.sources import Source
from streams.camera_health import CameraState
from streams.decode import key_picture
from streams.packets import StreamPacket

CAMERA_PATIENCE_S = 10.0
LISTEN_S = 5.0
_TARGET_PATIENCE_S = 5.0
_CAMERA_CLOCK_S = 5.0
_ROUND_S = 2.0
_READING_MS, _LOOK_MS = 20.0, 5.0
"""CPU for one glance besides decode and network: reading two seconds of RTSP, and the look (docs/benchmarks.md)."""
_SPARE = 0.7
"""Share of the cores to plan with: some cameras are always being watched, cases are sealed and sent."""
_BASE_MB, _CAMERA_MB = 300.0, 40.0
_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried.

    Attributes:
        part: `model NAME`, `camera ID`, `disk`, `clock`, `dispatch NAME`, `load`.
        ok: whether it can be relied on.
        text: what was seen and, when it is not well, what to do.
    """

    part: str
    ok: bool
    text: str


def examine(site: Site, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Try everything, cameras side by side."""
    network_ms = 0.0
    for name in site.detectors:
        finding, took_ms = _model(Registry.shipped(), name)
        network_ms += took_ms
        yield finding
    key_ms: list[float] = []
    with ThreadPoolExecutor(8) as pool:
        for finding, took_ms in pool.map(lambda camera: _camera(camera, environment), site.cameras.values()):
            key_ms += [took_ms] if took_ms else []
            yield finding
    yield _disk(site)
    yield _clock()
    for target in site.dispatch:
        yield _target(target, environment)
    if key_ms and network_ms:
        yield _load(len(site.cameras), sum(key_ms) / len(key_ms), network_ms)


def _model(registry: Registry, name: str) -> tuple[Finding, float]:
    try:
        entry = registry.get(name)
        took_ms = _network_ms(entry)
    except (WrongHash, ValueError, KeyError) as problem:
        return Finding(f"model {name}", False, f"{problem}; install this release again"), 0.0
    return Finding(f"model {name}", True, f"{entry.version}, its hash is right, {took_ms:.1f} ms a look"), took_ms


def _network_ms(entry: ModelEntry) -> float:
    """One look at a wide picture, CPU time of this thread, the best of some."""
    runtime = choose()(entry.load_bytes())
    width, height = Fit.of((1920, 1080), entry.input_size, entry.stride).input_px
    image = np.full((1, height, width, 3), 114, np.uint8)
    runtime.infer(image)
    took = []
    for _ in range(8):
        begun = time.thread_time()
        runtime.infer(image)
        took.append((time.thread_time() - begun) * 1e3)
    return min(took)


def _camera(camera: CameraSite, environment: Mapping[str, str]) -> tuple[Finding, float]:
    """Whether pictures come, how often a key frame, and what its clock says."""
    part = f"camera {camera.id}"
    try:
        source = assembly.source_of(camera, environment)
    except RequestProblem as problem:
        return Finding(part, False, problem.message), 0.0
    packets = _heard(source)
    health = source.health
    if not packets:
        why = health.last_error or f"no picture within {CAMERA_PATIENCE_S:.0f} s; check power, network and address"
        return Finding(part, False, why), 0.0
    keys = [packet for packet in packets if packet.is_key]
    begun = time.thread_time()
    frame = key_picture(keys[0], camera=camera.id) if keys else None
    took_ms = (time.thread_time() - begun) * 1e3
    if frame is None:
        return Finding(part, False, "its key frames do not decode; set it to H.264 or H.265"), 0.0
    width, height = frame.size_px
    said = [f"{packets[0].codec.name} {width}x{height}"]
    steps = [b.clock.media_s - a.clock.media_s for a, b in pairwise(keys)]
    said.append(f"a key frame every {max(steps):.1f} s" if steps else f"no second key frame within {LISTEN_S:.0f} s")
    ok = True
    if health.state is CameraState.LIVE and health.clock_ahead_s is not None:
        said.append(f"its clock is {health.clock_ahead_s:+.1f} s ahead of the box's")
        ok = abs(health.clock_ahead_s) <= _CAMERA_CLOCK_S
        said += [] if ok else ["set the camera to a time server"]
    return Finding(part, ok, ", ".join(said)), took_ms


def _heard(source: Source) -> list[StreamPacket]:
    """What comes in some seconds from the first picture on."""
    stop, packets = threading.Event(), list[StreamPacket]()
    patience = threading.Timer(CAMERA_PATIENCE_S, stop.set)
    patience.start()
    with suppress(OSError):
        for packet in source.packets(stop):
            packets.append(packet)
            if packet.clock.media_s - packets[0].clock.media_s > LISTEN_S:
                break
    patience.cancel()
    stop.set()
    return packets


def _disk(site: Site) -> Finding:
    """Free space where the site's data lie."""
    folder = site.data
    while not folder.exists():
        folder = folder.parent
    free, floor = shutil.disk_usage(folder).free, assembly.DISK_FLOOR_BYTES
    text = f"{free / 2**30:.1f} GiB free at {folder}"
    if not os.access(folder, os.W_OK):
        return Finding("disk", False, f"{folder} may not be written to; give it to the user that runs patrol")
    if free < 4 * floor:
        return Finding("disk", False, f"{text}; recording stops below {floor / 2**30:.1f} GiB, make room")
    return Finding("disk", True, text)


def _clock() -> Finding:
    """Whether the kernel calls this box's clock synchronised."""
    # struct timex is 208 bytes on 64-bit Linux; modes = 0 only asks.
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(256))
    if state == _TIME_ERROR or state < 0:
        return Finding("clock", False, "not synchronised; run systemd-timesyncd or chrony, evidence names its times")
    return Finding("clock", True, "synchronised")


def _target(target: DispatchTarget, environment: Mapping[str, str]) -> Finding:
    part = f"dispatch {target.name}"
    if target.token_variable not in environment and not target.is_loopback:
        return Finding(part, False, f"set {target.token_variable} to a token of scope box")
    try:
        answer = httpx2.get(target.url, timeout=_TARGET_PATIENCE_S)
    except httpx2.HTTPError as problem:
        return Finding(
            part, False, f"{target.url} does not answer ({type(problem).__name__}); cases wait in the outbox"
        )
    ok = answer.status_code < 500
    return Finding(part, ok, f"{target.url} answers {answer.status_code}")


def _load(cameras: int, key_ms: float, network_ms: float) -> Finding:
    """How many cameras like these this box carries on patrol."""
    cores = len(os.sched_getaffinity(0))
    glance_ms = key_ms + network_ms + _READING_MS + _LOOK_MS
    by_cores = int(cores * _SPARE * _ROUND_S * 1e3 / glance_ms)
    by_memory = int(max(0.0, _memory_mb() - _BASE_MB) / _CAMERA_MB)
    most = min(by_cores, by_memory)
    text = (
        f"this box carries about {most} cameras like these ({cores} cores for {by_cores}, memory for {by_memory}; "
        f"a glance costs {glance_ms:.0f} ms); the site has {cameras}"
    )
    return Finding("load", cameras <= most, text + ("" if cameras <= most else "; looks will be left out"))


def _memory_mb() -> float:
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return float(line.split()[1]) / 1024
    return 0.0
