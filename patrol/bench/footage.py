"""How many times faster than playing is footage judged?"""

import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from patrol import assembly
from patrol.commands.demo import SITE
from patrol.replay import replay
from streams.footage import Footage

SAMPLE = SITE / "sample.mp4"


def measure(clips: tuple[Path, ...]) -> list[dict[str, Any]]:
    """A row a clip and cadence; without clips, the demo's. Zones are those of the demo's site.

    Raises:
        UnreadableFootage: a clip is no video.
    """
    rows = []
    site = assembly.site_or_exit(SITE)
    (camera,) = site.cameras.values()
    for clip in clips or (SAMPLE,):
        for mode in ("full", "patrol"):
            with tempfile.TemporaryDirectory() as folder:
                detectors = assembly.detectors_of(site)
                footage = Footage(clip, camera=camera.id)
                begun, cpu = time.monotonic(), time.process_time()
                verdicts = replay(
                    replace(site, data=Path(folder)),
                    camera,
                    detectors,
                    footage,
                    tell=lambda _: None,
                    progress=lambda _: None,
                    patrols=mode == "patrol",
                )
                wall_s, cpu_s = time.monotonic() - begun, time.process_time() - cpu
            rows.append(
                {
                    "clip": clip.name,
                    "mode": mode,
                    "seconds": round(footage.duration_s, 1),
                    "times_faster": round(footage.duration_s / wall_s, 1),
                    "times_faster_by_cpu": round(footage.duration_s / cpu_s, 1),
                    "incidents": len(verdicts.raised),
                }
            )
    return rows
