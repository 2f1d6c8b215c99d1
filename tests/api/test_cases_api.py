"""Reports in, cases out: one case a key, nothing half-stored, and what callers rely on."""

import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.app import create_app
from api.store import Store
from api.tokens import TokenScope
from api.vault import CaseVault
from tests.api.packets import Sealed
from tests.api.serving import Service, service
from tests.api.values import NOW


def uploaded(served: Service, sealed: Sealed) -> None:
    """The packet is there, the report is not."""
    assert served.box.put(f"/api/v1/packets/{sealed.sha256}", content=sealed.zipped()).status_code in (200, 201)


def report(served: Service, body: dict[str, object], key: str) -> tuple[int, dict[str, object]]:
    """Post a report."""
    answer = served.box.post("/api/v1/cases", json=body, headers={"Idempotency-Key": key})
    return answer.status_code, answer.json()


def test_a_report_becomes_a_case_that_others_can_read(served: Service, sealed: Sealed) -> None:
    assert served.take(sealed) == "SP-2026-000001"
    assert served.reader.get("/api/v1/cases").json() == {
        "items": [
            {
                "id": "SP-2026-000001",
                "kind": "illegal_parking",
                "class": "car",
                "zone": "gate",
                "state": "reported",
                "camera": "cam-1",
                "raised_at": "2026-03-02T08:00:01.500000Z",
                "packet_sha256": sealed.sha256,
            }
        ],
        "total": 1,
    }


def test_one_case_has_its_report_history_and_pictures(served: Service, sealed: Sealed) -> None:
    case = served.reader.get(f"/api/v1/cases/{served.take(sealed)}").json()
    assert case["incident_id"] == sealed.incident.id and case["source"] == "a-box"
    assert [move["move"] for move in case["history"]] == ["report"]
    assert "verdict-near.jpg" in case["stills"]
    event = served.reader.get(f"/api/v1/cases/{case['id']}/event").json()
    assert event["incident"] == sealed.incident.id


def test_the_same_report_again_finds_the_same_case(served: Service, sealed: Sealed) -> None:
    uploaded(served, sealed)
    first = report(served, sealed.report.body(), "key-number-1")
    second = report(served, sealed.report.body(), "key-number-1")
    assert (first[0], second[0]) == (201, 200) and first[1] == second[1]


def test_a_key_cannot_be_used_for_another_report(served: Service, sealed_packets: tuple[Sealed, ...]) -> None:
    for one in sealed_packets[:2]:
        uploaded(served, one)
    report(served, sealed_packets[0].report.body(), "key-number-1")
    status, body = report(served, sealed_packets[1].report.body(), "key-number-1")
    assert status == 409 and body["error"] == "key_reused"
    assert served.store.cases()[1] == 1


def test_a_report_before_its_packet_is_told_to_upload_first(served: Service, sealed: Sealed) -> None:
    status, body = report(served, sealed.report.body(), "key-number-1")
    assert status == 409 and body["error"] == "packet_unknown" and "PUT /api/v1/packets/" in str(body["message"])
    assert served.store.cases()[1] == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "street_vending"),
        ("class", "bus"),
        ("zone", "another"),
        ("camera", "cam-2"),
        ("incident_id", "somebody-else"),
        ("raised_at", "2026-03-02T08:00:01.600000Z"),
    ],
)
def test_a_report_that_contradicts_its_packet_is_refused(
    served: Service, sealed: Sealed, field: str, value: str
) -> None:
    uploaded(served, sealed)
    status, body = report(served, sealed.report.body() | {field: value}, "key-number-1")
    assert status == 422 and body["error"] == "report_disagrees"
    assert str(body["details"]).count(field) == 1
    assert served.store.cases()[1] == 0


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"raised_at": "yesterday"}, "raised_at"),
        ({"raised_at": "2026-03-02T08:00:01.5"}, "raised_at"),  # no offset: whose time?
        ({"packet_sha256": "abc"}, "packet_sha256"),
        ({"kind": "Illegal Parking"}, "kind"),
        ({"camera": ""}, "camera"),
        ({"zone": None}, "zone"),
        ({"colour": "white"}, "colour"),
    ],
)
def test_malformed_reports_are_refused_by_field(
    served: Service, sealed: Sealed, change: dict[str, object], named: str
) -> None:
    uploaded(served, sealed)
    status, body = report(served, sealed.report.body() | change, "key-number-1")
    assert status == 422 and body["error"] == "malformed" and named in str(body["details"])
    assert served.store.cases()[1] == 0


def test_a_report_needs_a_key(served: Service, sealed: Sealed) -> None:
    uploaded(served, sealed)
    for headers in ({}, {"Idempotency-Key": "short"}, {"Idempotency-Key": "with space in it"}):
        answer = served.box.post("/api/v1/cases", json=sealed.report.body(), headers=headers)
        assert answer.status_code == 422 and "Idempotency-Key" in str(answer.json()["details"])
    for body in (b"", b"{", b"[]", b'"text"', b"\xff\xfe"):
        answer = served.box.post("/api/v1/cases", content=body, headers={"Idempotency-Key": "key-number-1"})
        assert answer.status_code == 422 and answer.json()["error"] == "malformed"


def test_pages_of_cases_are_newest_first_and_miss_none(served: Service, sealed_packets: tuple[Sealed, ...]) -> None:
    ids = [served.take(one) for one in sealed_packets]
    seen = []
    for offset in range(0, 6, 2):
        page = served.reader.get(f"/api/v1/cases?limit=2&offset={offset}&state=reported").json()
        assert page["total"] == 6
        seen += [item["id"] for item in page["items"]]
    assert seen == sorted(ids, reverse=True)
    assert served.reader.get("/api/v1/cases?state=nonsense").status_code == 422
    assert served.reader.get("/api/v1/cases?limit=100000").status_code == 422


def test_a_player_may_seek_in_the_clip(served: Service, sealed: Sealed) -> None:
    case_id = served.take(sealed)
    whole = served.reader.get(f"/api/v1/cases/{case_id}/clip")
    assert whole.headers["content-type"] == "video/mp4" and whole.headers["accept-ranges"] == "bytes"
    part = served.reader.get(f"/api/v1/cases/{case_id}/clip", headers={"Range": "bytes=100-199"})
    assert part.status_code == 206 and part.content == whole.content[100:200]
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole.content)}"


def test_only_pictures_of_the_packet_are_given_out(served: Service, sealed: Sealed) -> None:
    case_id = served.take(sealed)
    good = served.reader.get(f"/api/v1/cases/{case_id}/stills/verdict-far.jpg")
    assert good.status_code == 200 and good.content.startswith(b"\xff\xd8")
    for name in ("event.json", "..%2fevent.json", "nothing.jpg", "..%2f..%2f..%2fpatrol.sqlite", "%2fetc%2fpasswd"):
        answer = served.reader.get(f"/api/v1/cases/{case_id}/stills/{name}")
        assert answer.status_code == 404, name


def test_a_case_that_is_not_there_is_named_so(served: Service) -> None:
    for tail in ("", "/event", "/clip", "/packet.zip", "/stills/x.jpg"):
        answer = served.reader.get(f"/api/v1/cases/SP-1999-000001{tail}")
        assert answer.status_code == 404 and answer.json()["error"] == "case_unknown"


def test_the_same_report_from_many_threads_is_one_case(served: Service, sealed: Sealed) -> None:
    uploaded(served, sealed)
    answers: list[tuple[int, dict[str, object]]] = []

    def post() -> None:
        answers.append(report(served, sealed.report.body(), "key-number-1"))

    threads = [threading.Thread(target=post) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(status for status, _ in answers) == [200] * 7 + [201]
    assert len({str(body["id"]) for _, body in answers}) == 1


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(posts=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2)), min_size=1, max_size=12))
def test_any_order_of_keys_and_reports_keeps_one_case_a_key(
    posts: list[tuple[str, int]], sealed_packets: tuple[Sealed, ...], tmp_path_factory: pytest.TempPathFactory
) -> None:
    with service(tmp_path_factory.mktemp("served")) as served:
        for one in sealed_packets[:3]:
            uploaded(served, one)
        first: dict[str, int] = {}
        ids: dict[str, str] = {}
        for letter, number in posts:
            status, body = report(served, sealed_packets[number].report.body(), f"a-key-named-{letter}")
            if letter not in first:
                first[letter], ids[letter] = number, str(body["id"])
                assert status == 201
            elif first[letter] == number:
                assert status == 200 and body["id"] == ids[letter]
            else:
                assert status == 409
        assert served.store.cases()[1] == len(first) == len(set(ids.values()))


def test_a_restarted_server_goes_on_numbering(tmp_path: Path, sealed_packets: tuple[Sealed, ...]) -> None:
    with service(tmp_path) as served:
        assert served.take(sealed_packets[0]) == "SP-2026-000001"
        served.store.revoke_token("a-box", NOW)
        tokens = served.tokens
    store = Store(tmp_path / "server")
    vault = CaseVault(tmp_path / "server" / "vault", floor_bytes=0)
    new = store.make_token("another-box", TokenScope.BOX, NOW)
    app = create_app(store, vault, require_page_token=False, version="2", clock=lambda: NOW)
    again = Service(store, vault, app, tokens | {TokenScope.BOX: new})
    assert again.take(sealed_packets[0]) == "SP-2026-000001"  # another token, the same key: the same case
    assert again.take(sealed_packets[1]) == "SP-2026-000002"
    store.close()
