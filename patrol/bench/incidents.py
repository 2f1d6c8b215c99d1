"""Are the incidents right, and the same whether a camera is patrolled or watched all the time?"""

import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from patrol import assembly
from patrol.bench.scenes import Scene, Score, scenes_in, scored
from patrol.replay import line_of, replay
from rules.boxes import iou
from streams.footage import Footage

MODES = {"full": False, "patrol": True}


def measure(folder: Path, only: str = "") -> dict[str, Any]:
    """Replay every scene of a folder in both cadences.

    Args:
        folder: holds `NAME.mp4` and `NAME.truth.json`.
        only: scenes whose name contains this.

    Raises:
        RequestProblem: the folder holds no scene.
    """
    rows, totals = [], {mode: Score() for mode in MODES}
    for scene in tqdm([s for s in scenes_in(folder) if only in s.name], disable=not sys.stderr.isatty()):
        row: dict[str, Any] = {"scene": scene.name}
        found: dict[str, list[Mapping[str, Any]]] = {}
        for mode, patrols in MODES.items():
            begun = time.process_time()
            found[mode] = judged(scene, patrols=patrols)
            score = scored(scene, found[mode])
            totals[mode].add(score)
            row[mode] = {**score.as_json(), "cpu_s": round(time.process_time() - begun, 2)}
        row |= compared(found["full"], found["patrol"])
        rows.append(row)
    return {
        "scenes": rows,
        "total": {mode: total.as_json() for mode, total in totals.items()},
        "same_incidents": all(row["same"] for row in rows),
    }


def judged(scene: Scene, *, patrols: bool) -> list[Mapping[str, Any]]:
    """The lines that `patrol replay --json` prints of a scene."""
    with tempfile.TemporaryDirectory() as folder:
        site = assembly.site_or_exit(scene.make_site(Path(folder) / "site"))
        (camera,) = site.cameras.values()
        footage = Footage(scene.clip, camera=camera.id, start=scene.start)
        verdicts = replay(
            site,
            camera,
            assembly.detectors_of(site),
            footage,
            tell=lambda _: None,
            progress=lambda _: None,
            patrols=patrols,
        )
        return [line_of(incident, packet.path) for incident, packet in verdicts.raised]


def compared(full: Sequence[Mapping[str, Any]], patrol: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Whether two replays found the same, and by how much their moments differ at most, seconds."""
    left = list(patrol)
    starts, raised, ends = [0.0], [0.0], [0.0]
    for line in full:
        twin = next((other for other in left if _twins(line, other)), None)
        if twin is None:
            return {"same": False}
        left.remove(twin)
        starts.append(abs(line["started_s"] - twin["started_s"]))
        raised.append(abs(line["raised_s"] - twin["raised_s"]))
        ends.append(abs((line["ended_s"] or 0.0) - (twin["ended_s"] or 0.0)))
    differ = {"started_differs_s": max(starts), "raised_differs_s": max(raised), "ended_differs_s": max(ends)}
    return {"same": not left, **{name: round(value, 3) for name, value in differ.items()}}


def _twins(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    open_alike = (a["ended_s"] is None) == (b["ended_s"] is None)
    same = a["kind"] == b["kind"] and a["zone"] == b["zone"] and open_alike
    near = abs(a["raised_s"] - b["raised_s"]) < 30.0
    return same and near and iou(tuple(a["box_px"]), tuple(b["box_px"])) >= 0.5
