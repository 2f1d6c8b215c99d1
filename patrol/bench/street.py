"""The street of `patrol bench cameras`: simulated RTSP cameras in a process of their own, on a core of their own.

    python -m patrol.bench.street CLIP COUNT CORE

prints the addresses as one JSON line and serves until its standard input ends.
"""

import contextlib
import json
import os
import sys
from pathlib import Path

from streams.simulator import Simulator


def main(arguments: list[str]) -> None:
    """Serve a clip as so many cameras."""
    clip, count, core = arguments
    os.sched_setaffinity(0, {int(core)})
    with contextlib.ExitStack() as stack:
        cameras = [stack.enter_context(Simulator(Path(clip))) for _ in range(int(count))]
        sys.stdout.write(json.dumps([camera.url for camera in cameras]) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1:])
