"""Stalls and waste of the composed street scenes are seen for most of their stay."""

import json
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import pytest

from detector.detections import Detections
from detector.runtimes import choose
from models.registry import ModelEntry, Registry
from models.workshop.look import Looker
from models.workshop.matching import iou
from tests.models.pictures import shared

KIND = {"street-stall": "street_vending", "street-waste": "dumped_waste"}
SHIPPED = [entry for entry in Registry.shipped() if entry.name in KIND]
EVERY_S = 4.0
SAME_THING_IOU = 0.3
WANTED_SHARE = 0.8


def looks(clip: Path, looker: Looker) -> list[tuple[float, Detections]]:
    """What the model reports, once in four seconds."""
    found: list[tuple[float, Detections]] = []
    with av.open(str(clip)) as container:
        for frame in container.decode(video=0):
            if frame.time is not None and frame.time >= len(found) * EVERY_S:
                picture = np.ascontiguousarray(frame.to_ndarray(format="rgb24"), np.uint8)
                found.append((frame.time, looker.at(picture).shipped))
    return found


def hits(entry: ModelEntry, seen: Sequence[tuple[float, Detections]], incident: dict[str, object]) -> list[bool]:
    """For each look during the stay: whether a class that can raise an incident was found at its place."""
    arrives = float(str(incident["appears_s"]))
    leaves = float(str(incident["leaves_s"] or "inf"))
    place = np.array([incident["box_px"]], np.float64)
    answers = []
    for time_s, found in seen:
        if arrives + 1 <= time_s <= leaves - 1:
            raising = np.array([name in entry.raising for name in found.class_names()], bool)
            there = iou(found.xyxy, place)[:, 0] >= SAME_THING_IOU
            answers.append(bool((raising & there).any()))
    return answers


@pytest.mark.parametrize("entry", SHIPPED, ids=lambda entry: entry.name)
def test_what_lies_or_stands_there_is_seen_in_four_of_five_seconds(entry: ModelEntry) -> None:
    looker = Looker(entry, choose("onnx"))
    shares: dict[str, float] = {}
    for path in sorted(shared("data", "scenes", "public").glob("*.truth.json")):
        truth = json.loads(path.read_text())
        wanted = [i for i in truth["incidents"] if i["kind"] == KIND[entry.name]]
        if wanted:
            seen = looks(path.with_name(path.name.replace(".truth.json", ".mp4")), looker)
            shares |= {f"{truth['name']} {i['class']}": float(np.mean(hits(entry, seen, i))) for i in wanted}
    assert len(shares) >= 3
    assert min(shares.values()) >= WANTED_SHARE, shares
