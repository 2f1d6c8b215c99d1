"""event.json says what is known, in one canonical form under a published schema, and what is missing."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from evidence.clip import ClipFacts, ClipFile
from evidence.event import SCHEMA_FILE, canonical, event, moments
from evidence.finding import Finding
from evidence.overlay import overlay
from evidence.packet import SealedPacket
from evidence.stills import Stills, take
from evidence.sufficiency import minimum, shortfalls
from rules.incident import Reason
from tests.evidence.camera import clock
from tests.evidence.cases import CLIP_S, SEALED_AT, VAN, film, finding, incident, looks

SCHEMA = json.loads(SCHEMA_FILE.read_text("utf-8"))
DOCS = Path(__file__).parents[2] / "docs"


def clip(from_s: float = 0.0, to_s: float = 7.96, gaps: tuple[tuple[float, float], ...] = ()) -> ClipFacts:
    """A clip with a picture every 40 ms."""
    pictures = tuple((float(at), float(at - from_s)) for at in np.arange(from_s, to_s + 0.01, 0.04))
    return ClipFacts((ClipFile("clip.mp4", "h264", (320, 240), pictures),), gaps)


def stills(found: Finding) -> Stills:
    """The pictures of the test camera at the finding's moments."""
    return take(film(), moments(found), found.incident.box_px, found.size_px, "cam-1", found.reference_px)


def complete() -> Finding:
    """A finding that lacks nothing of the default row."""
    return finding(incident=incident(kind="goods_on_road"))


def codes(found: Finding, **given: Any) -> list[str]:
    """What the table says is missing."""
    return [s.code for s in shortfalls(found, given.get("clip", clip()), given.get("stills", stills(found)))]


def validated(found: Finding, **given: Any) -> dict[str, Any]:
    """The event as a reader gets it, checked against the schema."""
    made = event(found, given.get("clip", clip()), given.get("stills", stills(found)), SEALED_AT)
    read: dict[str, Any] = json.loads(canonical(made))
    jsonschema.Draft202012Validator(SCHEMA).validate(read)
    return read


def test_the_schema_is_a_schema_and_a_real_packet_follows_it(sealed: SealedPacket) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    read = json.loads((sealed.path / "data" / "event.json").read_bytes())
    jsonschema.Draft202012Validator(SCHEMA).validate(read)
    assert json.loads((sealed.path / "data" / "event.schema.json").read_bytes()) == SCHEMA
    assert json.loads((DOCS / "event.schema.json").read_bytes()) == SCHEMA


def test_a_field_that_the_schema_does_not_know_is_refused(sealed: SealedPacket) -> None:
    read = json.loads((sealed.path / "data" / "event.json").read_bytes())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate({**read, "guess": 1})


def test_every_time_says_who_named_it_and_how_sure_it_is() -> None:
    read = validated(replace(finding(), incident=incident(ended=clock(7.0, 0.2))))
    assert read["times"]["ended"] == {
        "captured_at": "2026-03-02T08:00:07.000000Z",
        "source": "rtcp",
        "error_s": 0.2,
        "epoch": 0,
        "media_s": 7,
    }
    assert read["times"]["sealed"]["source"] == "box"
    assert validated(finding())["times"]["ended"] is None


def test_the_zone_and_the_trace_are_there_as_they_were_used() -> None:
    read = validated(finding())
    assert read["zone"]["polygon_px"]["type"] == "Polygon"
    assert [step["code"] for step in read["trace"]] == ["in_zone", "still"]
    assert read["trace"][1] == {"code": "still", "data": {"shift_px": 0.4}, "en": "It did not move.", "zh": "未移动。"}
    assert read["tracks"] == [4]


def test_a_place_that_is_not_known_is_null() -> None:
    assert validated(finding(position=None))["position"] is None
    assert validated(finding())["position"] == {"lat": 24.4798, "lon": 118.0894, "error_m": 2.5}


def test_numbers_of_numpy_are_written_as_numbers_and_a_nan_is_refused() -> None:
    assert canonical({"b": np.float32(0.5), "a": (np.int64(3), None, True)}) == b'{"a":[3,null,true],"b":0.5}'
    for wrong in (float("nan"), b"bytes", object(), 2**60):
        with pytest.raises(ValueError, match="not a JSON value"):
            canonical({"a": wrong})


def test_a_finding_that_lacks_nothing_is_complete() -> None:
    said = validated(complete())["sufficiency"]
    assert (said["verdict"], said["missing"], said["source"]) == ("complete", [], "unverified")


def test_what_a_parked_car_lacks_is_named() -> None:
    assert codes(finding()) == ["view_reference", "span", "plate"]
    read = validated(finding())
    assert read["sufficiency"]["verdict"] == "incomplete"
    assert "4.0 s between the first and the last picture, 180 s are needed" in read["sufficiency"]["missing"][1]["en"]


def test_a_verdict_without_proof_of_stillness_is_incomplete() -> None:
    assert "proof_still" in codes(finding(incident=incident(trace=(Reason("in_zone", {}, "in", "在"),))))


def test_a_seller_and_goods_must_both_be_seen() -> None:
    assert codes(finding(incident=incident(kind="street_vending"))) == ["span", "proof_seller", "proof_goods"]


def test_waste_wants_a_picture_from_before() -> None:
    found = finding(incident=incident(kind="dumped_waste"))
    assert list(moments(found)) == ["before", "arrival", "verdict"]
    assert codes(found) == []


def test_a_clock_that_is_unsure_or_jumped_is_a_shortfall() -> None:
    assert codes(finding(incident=incident(kind="x", started=clock(2.0, error_s=1.5)))) == ["clock_error"]
    jumped = replace(clock(6.0), epoch=1)
    assert codes(finding(incident=incident(kind="x", raised=jumped))) == ["clock_jump"]


def test_a_place_without_calibration_is_a_shortfall() -> None:
    assert codes(replace(complete(), position=None)) == ["place"]


def test_a_late_begin_an_early_end_and_a_gap_are_named_with_their_length() -> None:
    short = clip(from_s=3.0, to_s=5.0, gaps=((3.5, 4.9),))
    found = replace(complete(), why_missing="the camera was down")
    read = validated(found, clip=short)
    assert [m["code"] for m in read["clip"]["missing"]] == ["clip_begin", "clip_end", "clip_gap"]
    assert read["clip"]["missing"][0]["en"] == "the first 3.0 s are missing: the camera was down"
    assert read["clip"]["asked"] == {"from_s": CLIP_S[0], "to_s": CLIP_S[1]}
    assert read["clip"]["got"] == {"from_s": 3, "to_s": pytest.approx(5.0)}
    assert read["sufficiency"]["verdict"] == "incomplete"


def test_no_clip_at_all_is_said() -> None:
    read = validated(complete(), clip=ClipFacts((), ()))
    assert read["clip"]["got"] is None
    assert [m["code"] for m in read["sufficiency"]["missing"]] == ["clip"]


def test_missing_pictures_are_named_by_moment() -> None:
    found = complete()
    all_taken = stills(found)
    without = Stills(tuple(s for s in all_taken.taken if s.moment != "arrival"), all_taken.missing)
    assert codes(found, stills=without) == ["still_arrival_far", "still_arrival_near"]


def test_every_row_of_the_table_can_be_read() -> None:
    for kind in ("illegal_parking", "street_vending", "dumped_waste", "default", "something_new"):
        assert minimum(kind).clock_error_s == 1.0


def test_boxes_lie_beside_the_clip_at_their_moments() -> None:
    entries = overlay(looks(), VAN, clip())
    assert len(entries) == 40
    assert entries[0]["boxes"] == [
        {"track": 7, "class": "person", "score": 0.8, "box_px": [0, 100, 30, 180], "subject": False}
    ]
    assert entries[20]["clip_s"] == pytest.approx(4.0)
    boxes = entries[20]["boxes"]
    assert isinstance(boxes, list)
    assert [(b["track"], b["subject"]) for b in boxes] == [(7, False), (4, True)]
    beyond = overlay(looks(20.0, 20.2), VAN, clip())
    assert (beyond[0]["file"], beyond[0]["clip_s"]) == (None, None)


def test_an_incident_that_was_never_raised_is_no_finding() -> None:
    with pytest.raises(ValueError, match="must be raised"):
        finding(incident=incident(raised=None))
    with pytest.raises(ValueError, match="legal_basis"):
        finding(zone={"id": "a"})
    with pytest.raises(ValueError, match="clip_s"):
        finding(clip_s=(5.0, 5.0))


def test_a_zone_that_was_taken_out_of_the_site_is_still_sealed() -> None:
    gone = {"id": "gate", "kind": "removed", "polygon_px": None, "hours": "", "dwell_s": None}
    assert validated(finding(zone={**gone, "phase": "", "legal_basis": ""}))["zone"]["kind"] == "removed"
