"""Scenes with exactly known truth, as sites: what the incidents of a clip must be, and whether they are."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import tomlkit

from patrol.errors import RequestProblem
from rules.boxes import iou

RULE = "dwell60"
_KINDS = {"permitted": "permitted_parking"}
_DWELL_OF = {"no_parking": "illegal_parking", "no_dumping": "dumped_waste", "no_vending": "street_vending"}
_ALIKE = 0.3


@dataclass(frozen=True, slots=True)
class Scene:
    """A clip and what is known about it; `truth` is its `NAME.truth.json`."""

    name: str
    clip: Path
    truth: Mapping[str, Any]

    @property
    def start(self) -> datetime:
        """When it begins."""
        return datetime.fromisoformat(self.truth["start_time"])

    @property
    def kinds(self) -> frozenset[str]:
        """Kinds of its zones, as a site has them."""
        return frozenset(_KINDS.get(zone["kind"], zone["kind"]) for zone in self.truth["zones"])

    def make_site(self, folder: Path) -> Path:
        """A site of one camera with the scene's zones."""
        (folder / "cameras").mkdir(parents=True)
        head = {"name": self.name, "timezone": "Asia/Shanghai", "country": "CN"}
        (folder / "site.toml").write_text(tomlkit.dumps(head), encoding="utf-8")
        dwell = next(rule for rule in self.truth["rules"] if rule["name"] == RULE)
        zones = []
        for zone in self.truth["zones"]:
            made = {"id": zone["name"], "kind": _KINDS.get(zone["kind"], zone["kind"]), "polygon_px": zone["polygon"]}
            if zone["kind"] in _DWELL_OF:
                made["dwell_s"] = dwell[_DWELL_OF[zone["kind"]]]
            zones.append(made | ({"hours": zone["hours"]} if zone.get("hours") else {}))
        camera = {"source": str(self.clip), "size_px": self.truth["size"], "zones": zones}
        (folder / "cameras" / "scene.toml").write_text(tomlkit.dumps(camera), encoding="utf-8")
        return folder


@dataclass(slots=True)
class Score:
    """How one scene's or all scenes' incidents compare with the truth.

    Attributes:
        found, false, missed, doubled: incidents raised in time, raised for nothing, not raised, raised again.
        delays_s: from the moment the need was met to the verdict.
    """

    found: int = 0
    false: int = 0
    missed: int = 0
    doubled: int = 0
    delays_s: list[float] = field(default_factory=list)

    def add(self, other: "Score") -> None:
        """Take another scene's figures in."""
        self.found, self.false = self.found + other.found, self.false + other.false
        self.missed, self.doubled = self.missed + other.missed, self.doubled + other.doubled
        self.delays_s += other.delays_s

    def as_json(self) -> dict[str, Any]:
        """With precision (duplicates count against it) and recall; 1 where there is nothing to find."""
        raised, wanted = self.found + self.false + self.doubled, self.found + self.missed
        return {
            "found": self.found,
            "false": self.false,
            "missed": self.missed,
            "duplicates": self.doubled,
            "precision": round(self.found / raised, 3) if raised else 1.0,
            "recall": round(self.found / wanted, 3) if wanted else 1.0,
            "mean_delay_s": round(sum(self.delays_s) / len(self.delays_s), 2) if self.delays_s else None,
        }


def scenes_in(folder: Path) -> tuple[Scene, ...]:
    """The scenes of a folder, by name.

    Raises:
        RequestProblem: there are none.
    """
    paths = sorted(folder.glob("*.truth.json"))
    if not paths:
        raise RequestProblem(f"{folder}: no NAME.truth.json beside a NAME.mp4 there")
    names = [path.name.removesuffix(".truth.json") for path in paths]
    return tuple(
        Scene(name, folder / f"{name}.mp4", json.loads(path.read_text(encoding="utf-8")))
        for name, path in zip(names, paths, strict=True)
    )


def scored(scene: Scene, lines: Sequence[Mapping[str, Any]]) -> Score:
    """Compare the lines of `patrol replay --json` with a scene's truth, incident by incident."""
    score, used = Score(), set[int]()
    for item in scene.truth["incidents"]:
        expect = next(e for e in item["expect"] if e["rule"] == RULE)
        hits = [n for n, line in enumerate(lines) if n not in used and _hits(line, item, expect)]
        used.update(hits)
        if not expect["must_raise"]:
            score.false += len(hits) if expect["must_raise"] is False else 0
            continue
        in_time = [n for n in hits if lines[n]["raised_s"] <= expect["latest_s"]]
        score.found, score.missed = score.found + bool(in_time), score.missed + (not in_time)
        score.doubled += len(hits) - bool(in_time)
        if in_time:
            score.delays_s.append(lines[in_time[0]]["raised_s"] - (expect["earliest_s"] + 2.0))
    score.false += len(lines) - len(used)
    return score


def _hits(line: Mapping[str, Any], item: Mapping[str, Any], expect: Mapping[str, Any]) -> bool:
    left_s = item["leaves_s"] if item["leaves_s"] is not None else float("inf")
    same = line["kind"] == item["kind"] and iou(tuple(line["box_px"]), tuple(item["box_px"])) >= _ALIKE
    return bool(same and expect["earliest_s"] <= line["raised_s"] <= left_s + 30)
