"""The composed street scenes, replayed and scored: `python -m tests.patrol.scenes [--rule dwell60] [SCENE...]`.

For each scene beside the clone a site is written from its truth (zones, hours, start), the clip is judged as
`patrol replay --json` judges it, and the lines are scored by the scenes' own `score.py`. The pictures are composed, not
recorded: say so wherever a number from here is shown. `--registry FILE` takes the models of another registry;
`--keep FOLDER` keeps what the detectors saw, so that another run only judges.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from detector.detections import Detections
from detector.detector import Detector
from detector.tracker import Tracker
from models.registry import Registry
from patrol import assembly
from patrol.evidence_room import EvidenceRoom
from patrol.observe import Observer
from patrol.pipeline import CameraPatrol
from patrol.recorder import FootageRecorder
from patrol.replay import ReplayDesk, Verdicts, line_of, replay
from patrol.site import load_site
from rules.engine import Engine
from streams.cadence import Cadence
from streams.clock import FrameClock
from streams.footage import Footage
from streams.frame import Frame
from tests.conftest import SHARED

SCENES = SHARED / "data" / "scenes"
PUBLIC = SCENES / "public"
RULES = ("dwell60", "dwell30")
CAMERA = "cam-1"

_KINDS = {"permitted": "permitted_parking"}
_STAY_OF = {"no_parking": "illegal_parking", "no_dumping": "dumped_waste", "no_vending": "street_vending"}


@dataclass(frozen=True, slots=True)
class Scene:
    """One scene: its clip and its truth."""

    truth: dict[str, Any]
    clip: Path

    @property
    def name(self) -> str:
        """As its files are called."""
        return str(self.truth["name"])


def scenes(only: Iterable[str] = (), folder: Path = PUBLIC) -> list[Scene]:
    """The scenes of a folder, by name; `only`: those whose name begins so."""
    wanted = tuple(f"{name}_" if "_" not in name else name for name in only)
    found = [
        Scene(json.loads(path.read_text()), path.with_name(path.name.replace(".truth.json", ".mp4")))
        for path in sorted(folder.glob("*.truth.json"))
    ]
    return [scene for scene in found if not wanted or scene.name.startswith(wanted)]


def write_site(scene: Scene, folder: Path, rule: str) -> Path:
    """The site folder of a scene, with the stays of one of its rules."""
    stays = next(row for row in scene.truth["rules"] if row["name"] == rule)
    (folder / "cameras").mkdir(parents=True)
    (folder / "site.toml").write_text('name = "Scene"\ntimezone = "Asia/Shanghai"\ncountry = "CN"\n')
    lines = ['source = "rtsp://127.0.0.1:9/nothing"', f"size_px = {scene.truth['size']}"]
    for zone in scene.truth["zones"]:
        kind = _KINDS.get(zone["kind"], zone["kind"])
        lines += ["[[zones]]", f'id = "{zone["name"]}"', f'kind = "{kind}"', f"polygon_px = {zone['polygon']}"]
        lines += [f'hours = "{zone["hours"]}"'] if zone.get("hours") else []
        lines += [f"dwell_s = {stays[_STAY_OF[kind]]}"] if kind in _STAY_OF else []
    (folder / "cameras" / f"{CAMERA}.toml").write_text("\n".join(lines) + "\n")
    return folder


class Halved(Cadence):
    """Half of the due looks, without any order."""

    def due(self, clock: FrameClock) -> bool:
        """Whether this one is among the half."""
        return super().due(clock) and zlib.crc32(f"{clock.media_s:.3f}".encode()) % 2 == 0


@dataclass(frozen=True, slots=True)
class Looks:
    """Which pictures of a clip are looked at: those of a cadence, of all or of the key frames alone."""

    cadence: Callable[[], Cadence]
    only_keys: bool = False


class Remembered:
    """A detector that looks at each picture of a clip once, however often the clip is judged."""

    def __init__(self, detector: Detector, clip: Path, keep: Path | None = None) -> None:
        self._detector, self._seen = detector, dict[str, list[list[float]]]()
        self._file = keep and keep / f"{clip.stem}-{detector.model.replace(' ', '-')}-{detector.sha256[:12]}.json"
        if self._file and self._file.exists():
            self._seen = json.loads(self._file.read_text())
        self._known = len(self._seen)

    @property
    def names(self) -> tuple[str, ...]:
        return self._detector.names

    @property
    def model(self) -> str:
        return self._detector.model

    @property
    def sha256(self) -> str:
        return self._detector.sha256

    def detect(self, frame: Frame) -> Detections:
        key = f"{frame.clock.media_s:.4f}"
        if key not in self._seen:
            found = self._detector.detect(frame)
            rows = zip(found.xyxy.tolist(), found.score.tolist(), found.class_id.tolist(), strict=True)
            self._seen[key] = [[*box, score, class_id] for box, score, class_id in rows]
        table = np.array(self._seen[key], np.float64).reshape(-1, 6)
        return Detections(
            table[:, :4].astype(np.float32), table[:, 4].astype(np.float32), table[:, 5].astype(np.int64), self.names
        )

    def save(self) -> None:
        """Keep what was seen, where a folder for it was named."""
        if self._file and len(self._seen) > self._known:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(json.dumps(self._seen))


def judge(
    scene: Scene,
    rule: str,
    folder: Path,
    registry: Registry,
    keep: Path | None = None,
    looking: Sequence[Remembered] = (),
) -> tuple[Verdicts, tuple[Remembered, ...]]:
    """The verdicts of one scene, and the detectors that saw it, for another rule."""
    site = load_site(write_site(scene, folder, rule), registry)
    detectors = tuple(looking) or tuple(
        Remembered(detector, scene.clip, keep) for detector in assembly.detectors_of(site, registry)
    )
    footage = Footage(scene.clip, camera=CAMERA, start=datetime.fromisoformat(scene.truth["start_time"]))
    verdicts = replay(
        site,
        site.cameras[CAMERA],
        detectors,
        footage,
        tell=lambda text: print(text, file=sys.stderr),  # noqa: T201
        progress=lambda _: None,
    )
    for detector in detectors:
        detector.save()
    return verdicts, detectors


def judge_looks(scene: Scene, rule: str, folder: Path, looking: Sequence[Remembered], looks: Looks) -> Verdicts:
    """The verdicts of one scene from a part of its pictures."""
    site = load_site(write_site(scene, folder, rule))
    camera = site.cameras[CAMERA]
    footage = Footage(scene.clip, camera=CAMERA, start=datetime.fromisoformat(scene.truth["start_time"]))
    room = EvidenceRoom(folder / "packets", site, looking)
    desk = ReplayDesk(room, datetime.now(UTC), lambda _: None)
    observer = Observer(CAMERA, camera.size_px, looking, Tracker(), assembly.reference_of(camera))
    engine = Engine({CAMERA: camera.rules})
    patrol = CameraPatrol(CAMERA, observer, engine, FootageRecorder(footage), looks.cadence(), desk)
    for packet in footage.packets():
        if packet.is_key or not looks.only_keys:
            patrol.take(packet)
    patrol.finish()
    raised = sorted(
        (i for i in desk.incidents.values() if i.id in desk.packets), key=lambda i: (i.raised or i.last_seen).media_s
    )
    return Verdicts(tuple((i, desk.packets[i.id]) for i in raised), (), footage.problems)


def lines_of(verdicts: Verdicts) -> str:
    """As `patrol replay --json` prints them."""
    return "".join(json.dumps(line_of(incident, packet.path)) + "\n" for incident, packet in verdicts.raised)


def table(truth: Path, predictions: Path, rule: str) -> str:
    """What the scenes' own scorer says."""
    command = [sys.executable, str(SCENES / "score.py"), str(truth), str(predictions), "--rule", rule]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def run(
    chosen: Sequence[Scene], rules: Sequence[str], registry: Registry, work: Path, keep: Path | None, explain: bool
) -> dict[str, str]:
    """Judge scenes by rules; the scorer's table for each rule."""
    truths = work / "truth"
    truths.mkdir()
    for rule in rules:
        (work / rule).mkdir()
    for scene in chosen:
        (truths / f"{scene.name}.truth.json").write_text(json.dumps(scene.truth))
        looking: tuple[Remembered, ...] = ()
        for rule in rules:
            verdicts, looking = judge(scene, rule, work / f"{scene.name}-{rule}", registry, keep, looking)
            (work / rule / f"{scene.name}.jsonl").write_text(lines_of(verdicts))
            if explain:
                _explain(scene, rule, verdicts)
    return {rule: table(truths, work / rule, rule) for rule in rules}


def _explain(scene: Scene, rule: str, verdicts: Verdicts) -> None:
    for incident in (*(incident for incident, _ in verdicts.raised), *verdicts.others):
        raised = f"{incident.raised.media_s:.1f}" if incident.raised else "-"
        ended = f"{incident.ended.media_s:.1f}" if incident.ended else "-"
        box = [round(v) for v in incident.box_px]
        print(  # noqa: T201
            f"{scene.name} {rule} {incident.state} {incident.class_name} {box} from {incident.started.media_s:.1f} "
            f"raised {raised} ended {ended}: " + " | ".join(reason.en for reason in incident.trace),
            file=sys.stderr,
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scene", nargs="*", help="p1, p2, ...; all when none is named")
    parser.add_argument("--rule", choices=RULES, action="append")
    parser.add_argument("--registry", type=Path)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--explain", action="store_true")
    given = parser.parse_args(arguments)
    registry = Registry.shipped() if given.registry is None else Registry.read(given.registry)
    with tempfile.TemporaryDirectory() as work:
        tables = run(scenes(given.scene), given.rule or RULES, registry, Path(work), given.keep, given.explain)
    for rule, text in tables.items():
        print(f"{rule} (composed scenes)\n{text}")  # noqa: T201


if __name__ == "__main__":
    main()
