"""For what a packet may be used: a fine needs a complete packet from a camera with its papers."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from evidence.finding import Finding, Papers
from rules.incident import Phase
from tests.evidence.cases import finding, incident
from tests.evidence.test_event import codes, complete, stills, validated

PAPERS = Papers("XM-2026-17", date(2026, 1, 5), True, "notice 4 of 2026")


def track(found: Finding) -> tuple[str, list[str]]:
    """The track and the codes of what speaks against a penalty, checked against the schema."""
    said = validated(found)["sufficiency"]
    return said["track"], [why["code"] for why in said["track_missing"]]


def test_a_complete_packet_of_a_camera_with_papers_may_lead_to_a_penalty() -> None:
    found = replace(complete(), papers=PAPERS)
    assert track(found) == ("penalty", [])
    assert validated(found)["approval"] == {
        "number": "XM-2026-17",
        "calibrated": "2026-01-05",
        "sign": True,
        "published": "notice 4 of 2026",
    }


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"papers": None}, ["papers"]),
        ({"papers": replace(PAPERS, sign=False)}, ["sign"]),
        ({"papers": replace(PAPERS, calibrated=date(2026, 5, 1))}, ["calibration"]),
        ({"incident": incident(kind="goods_on_road", phase=Phase.WARNING)}, ["phase"]),
        ({"position": None}, ["incomplete"]),
    ],
    ids=["no papers", "no sign", "calibrated later", "warning phase", "no place"],
)
def test_whatever_is_lacking_leaves_clean_up(changes: dict[str, Any], why: list[str]) -> None:
    assert track(replace(complete(), **({"papers": PAPERS} | changes))) == ("clean_up", why)


def test_a_landmark_gives_a_reference_picture_of_each_moment() -> None:
    found = finding(reference_px=(0.0, 0.0, 384.0, 32.0))
    assert "view_reference" not in codes(found)
    seen = [still for still in stills(found).taken if still.view == "reference"]
    assert [still.name for still in seen] == [f"{m}-reference.jpg" for m in ("arrival", "middle", "verdict")]
    left, top, right, bottom = seen[0].box_px
    assert (left, top, right - left, bottom - top) == (0, 0, 192, 16)
    assert validated(found)["reference_px"] == [0, 0, 384, 32]
