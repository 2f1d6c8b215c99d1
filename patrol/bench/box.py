"""The box of `patrol bench cameras`: the real watcher in a process of its own, pinned to one core, measured by the OS.

    python -m patrol.bench.box SITE CLIP MODE SECONDS CORE

prints one JSON line. CPU time is the process's own as the kernel counts it, so a machine that others use as well
stretches the run but not the figure.
"""

import json
import os
import resource
import sys
import threading
import time
from pathlib import Path
from typing import Any

from models.registry import Registry
from patrol import assembly
from patrol.bench.bound import Bound
from patrol.bench.clip import FPS
from patrol.supervisor import Supervisor

WARM_UP_S = 8.0
FULL_LOOKS_PER_S = 5.0


def main(arguments: list[str]) -> None:
    """Watch a site for a while and print what it cost."""
    site_folder, clip, mode, seconds, core = arguments
    os.sched_setaffinity(0, {int(core)})
    site = assembly.site_or_exit(Path(site_folder))
    bound = Bound(Path(clip), Registry.shipped().get(site.detectors[0]))
    before = _bound_ms(bound)
    with assembly.opened(site) as store:
        names = sorted(site.cameras)
        watched = {"patrol": [], "watch10": names[:: min(10, len(names))], "full": names}[mode]
        watcher = assembly.watcher_of(site, store, {}, always_watched=frozenset(watched))
        stop = threading.Event()
        thread = threading.Thread(target=watcher.run, args=(stop,))
        thread.start()
        time.sleep(WARM_UP_S)
        begin = _state(watcher)
        time.sleep(float(seconds))
        end = _state(watcher)
        stop.set()
        thread.join()
    after = _bound_ms(bound)
    sys.stdout.write(json.dumps(_figures(mode, len(watched), begin, end, before, after)) + "\n")


def _bound_ms(bound: Bound) -> dict[str, float]:
    return {
        "infer": bound.infer_ms(),
        "key": bound.decode_ms(key_frames_only=True),
        "frame": bound.decode_ms(key_frames_only=False),
    }


def _state(watcher: Supervisor) -> dict[str, Any]:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    patrols = [watch.patrol for watch in watcher.watches if watch.patrol is not None]
    return {
        "wall_s": time.monotonic(),
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "watched_looks": sum(p.looks for p in patrols if p.always_watched),
        "glances": sum(p.glances for p in patrols),
        "woken": sum(p.watching for p in patrols if not p.always_watched),
        "shed": sum(watch.seat.shed for watch in watcher.watches if watch.seat is not None),
        "cameras": len(patrols),
        "rss_mb": _rss_mb(),
        "threads": threading.active_count(),
    }


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _figures(
    mode: str, watched: int, begin: dict[str, Any], end: dict[str, Any], *bounds: dict[str, float]
) -> dict[str, Any]:
    wall_s, cpu_s = end["wall_s"] - begin["wall_s"], end["cpu_s"] - begin["cpu_s"]
    glances, looks = end["glances"] - begin["glances"], end["watched_looks"] - begin["watched_looks"]
    ms = {name: sum(b[name] for b in bounds) / len(bounds) for name in bounds[0]}
    # What was really looked at, so that looks left out never make the figure better.
    needed_s = (
        glances * (ms["key"] + ms["infer"]) + looks * (ms["frame"] * FPS / FULL_LOOKS_PER_S + ms["infer"])
    ) / 1e3
    made = glances + looks
    # A camera is carried by as many seconds of its time as its looks stand for.
    carried_s = glances * 2.0 + looks / FULL_LOOKS_PER_S
    return {
        "mode": mode,
        "cameras": end["cameras"],
        "watched": watched,
        "seconds": round(wall_s, 1),
        "cameras_per_core": round(carried_s / cpu_s, 2),
        "cpu_ms_per_look": round(cpu_s * 1e3 / max(made, 1), 2),
        "bound_ms_per_look": round(needed_s * 1e3 / max(made, 1), 2),
        "ratio_to_bound": round(needed_s / cpu_s, 3),
        "looks": made,
        "looks_dropped": end["shed"] - begin["shed"],
        "woken": end["woken"],
        "rss_mb": round(end["rss_mb"], 1),
        "threads": end["threads"],
        "bound_ms": {name: round(value, 2) for name, value in ms.items()},
    }


if __name__ == "__main__":
    main(sys.argv[1:])
