"""Moves over HTTP: versions in headers, words for each refusal, and lists by what people look for."""

import json

import pytest

from api.tokens import TokenScope
from tests.api.packets import Sealed
from tests.api.reports import BOX, event, filed
from tests.api.serving import Service
from tests.api.values import NOW

DUTY, REVIEW, UNIT = TokenScope.DUTY, TokenScope.REVIEW, TokenScope.UNIT


def test_a_person_moves_the_version_that_was_seen(served: Service, sealed: Sealed) -> None:
    where = f"/api/v1/cases/{served.take(sealed)}"
    reviewer = served.client(REVIEW)
    tag = reviewer.get(where).headers["etag"]
    assert tag == '"1"'
    answer = reviewer.post(f"{where}/moves", json={"move": "confirm"}, headers={"If-Match": tag})
    assert answer.status_code == 201 and answer.headers["etag"] == '"2"', answer.text
    assert answer.json()["state"] == "verified" and "accept" in answer.json()["possible"]
    late = reviewer.post(f"{where}/moves", json={"move": "confirm"}, headers={"If-Match": tag})
    assert (late.status_code, late.json()["error"]) == (412, "version_changed")
    blind = reviewer.post(f"{where}/moves", json={"move": "confirm"})
    assert (blind.status_code, blind.json()["error"]) == (428, "version_missing")


@pytest.mark.parametrize(
    ("scope", "body", "status", "error"),
    [
        (DUTY, {"move": "close", "version": 1}, 409, "illegal_move"),
        (UNIT, {"move": "confirm", "version": 1}, 403, "not_yours"),
        (DUTY, {"move": "dismiss", "version": 1}, 409, "move_incomplete"),
        (DUTY, {"move": "fly", "version": 1}, 422, "malformed"),
        (DUTY, {"move": "confirm", "version": 0}, 422, "malformed"),
        (TokenScope.REPORT, {"move": "appeal", "reason": "x", "version": 1}, 404, "case_unknown"),
    ],
)
def test_each_refusal_has_its_own_words(
    served: Service, sealed: Sealed, scope: TokenScope, body: dict[str, object], status: int, error: str
) -> None:
    case_id = served.take(sealed)
    answer = served.client(scope).post(f"/api/v1/cases/{case_id}/moves", json=body)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert served.store.case(case_id).version == 1


@pytest.mark.parametrize("tag", ['"x"', '"-1"', "*", '"99999999999"', '"２"'])
def test_a_version_that_is_none_is_not_understood(served: Service, sealed: Sealed, tag: str) -> None:
    where = f"/api/v1/cases/{served.take(sealed)}/moves"
    answer = served.client(DUTY).post(where, json={"move": "accept"}, headers={b"If-Match": tag.encode()})
    assert (answer.status_code, answer.json()["error"]) == (422, "not_understood")


def test_verdicts_are_kept_as_training_data_wants_them(served: Service, sealed: Sealed) -> None:
    where = f"/api/v1/cases/{served.take(sealed)}"
    served.client(REVIEW).post(f"{where}/moves", json={"move": "confirm", "version": 1})
    body = {"move": "dismiss", "data": {"verdict_reason": "wrong_class"}, "reason": "a bus", "version": 2}
    assert served.client(DUTY).post(f"{where}/moves", json=body).status_code == 201
    case = served.reader.get(where).json()
    assert (case["state"], case["verdict"], case["verdict_reason"]) == ("dismissed", "disputed", "wrong_class")
    assert [(v["person"], v["verdict"], v["standing"]) for v in case["verdicts"]] == [
        ("a-review", "confirmed", True),
        ("a-duty", "dismissed", True),
    ]
    assert served.reader.get(f"{where}/moves").json() == case["history"]


def test_lists_by_place_time_and_what_it_is(served: Service) -> None:
    for number, lat in enumerate((24.40, 24.45, 24.50), 1):
        report = filed(number, camera=f"cam-{number}", kind="dumped_waste" if number == 3 else "illegal_parking")
        served.store.file_report(report, key=f"key-{number:06d}", event=event(lat), source=BOX, now=NOW)

    def found(query: str) -> list[str]:
        answer = served.reader.get(f"/api/v1/cases?{query}")
        assert answer.status_code == 200, answer.text
        assert answer.json()["total"] == len(answer.json()["items"])
        return sorted(item["camera"] for item in answer.json()["items"])

    assert found("bbox=118.0,24.42,118.2,24.48") == ["cam-2"]
    assert found("bbox=118.0,24.0,118.2,25.0&kind=dumped_waste") == ["cam-3"]
    assert found("category=0505") == ["cam-1", "cam-2"] and found("category=0102&track=clean_up") == ["cam-3"]
    assert found("since=2026-11-23T08:00:00Z") == ["cam-1", "cam-2", "cam-3"]
    assert found("until=2026-11-23T08:00:00Z") == []
    assert found("bbox=170,-10,-170,60") == []
    for bad in ("bbox=1,2,3", "bbox=24.4,118.0,24.6,118.2", "bbox=a,b,c,d", "since=2026-11-23T08:00:00"):
        assert served.reader.get(f"/api/v1/cases?{bad}").status_code == 422, bad


def test_the_description_has_an_example_of_each_body(served: Service) -> None:
    described = served.browser().get("/openapi.json").json()
    assert {"confirm", "dismiss", "dispatch"} <= {
        e["move"] for e in described["components"]["schemas"]["MoveRequest"]["examples"]
    }
    assert json.dumps(described).count("illegal_move") >= 1
    table = served.reader.get("/api/v1/moves").json()
    assert next(row for row in table if row["move"] == "close")["leads"] == {"checked": "closed"}
