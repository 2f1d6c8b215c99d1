"""Open311 GeoReport v2: a client that is not ours, both formats, bad input of every kind, nobody's personal data."""

import json
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import georeport
import httpx2
import pytest
from shapely import box

from api.app import create_app
from api.moves import Move, Order
from api.store import Store
from api.tokens import TokenScope
from api.vault import CaseVault
from tests.api.reports import APPROVED, DUTY
from tests.api.serving import Service, listening
from tests.api.values import NOW

V2 = "/open311/v2"
PERSON = {
    "email": "li@example.org",
    "first_name": "Wei",
    "last_name": "Li-Unique",
    "phone": "13800138000",
    "device_id": "d-77",
}


def form(served: Service, **changes: str) -> dict[str, str]:
    """A report as an app sends it."""
    key = served.tokens[TokenScope.REPORT]
    filled = {
        "api_key": key,
        "service_code": "0505",
        "lat": "24.4798",
        "long": "118.0894",
        "description": "on the kerb",
    }
    return {name: value for name, value in (filled | PERSON | changes).items() if value != "-"}


def post(served: Service, fields: dict[str, str], suffix: str = "json") -> httpx2.Response:
    """File it, form-encoded."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return served.browser().post(f"{V2}/requests.{suffix}", content=urlencode(fields), headers=headers)


@pytest.mark.parametrize("output_format", ["json", "xml"])
def test_a_client_from_pypi_lists_services_and_follows_a_request(served: Service, output_format: str) -> None:
    with listening(served.app) as url:
        client = georeport.GeoReport(
            f"{url}{V2}", api_key=served.tokens[TokenScope.REPORT], output_format=output_format
        )
        codes = {row["service_code"] for row in client.get_service_list()}
        assert codes == {"0501", "0504", "0505", "0506", "0507", "0102", "0103", "0123"}
        assert client.get_service_definition("0505")["service_code"] == "0505"
        # The client has no call that files, so its address and key are used as its documentation says.
        filed = httpx2.post(f"{client.root_address}/requests.json", data=form(served) | {"api_key": client.api_key})
        request_id = filed.json()[0]["service_request_id"]
        request = client.get_service_request(request_id)
        assert (request["service_request_id"], request["status"]) == (request_id, "open")
        assert abs(float(request["lat"]) - 24.4798) < 1e-9 and abs(float(request["long"]) - 118.0894) < 1e-9
        listed = client.get_service_requests(service_code="0505,0501", status="open")
        one = listed[0] if isinstance(listed, list) else listed  # xmltodict makes no list of one
        assert one["service_request_id"] == request_id


def test_a_request_is_answered_at_once_and_becomes_a_case(served: Service) -> None:
    answer = post(served, form(served, **{"attribute[lane]": "fire"}))
    assert answer.status_code == 201
    (given,) = answer.json()
    case = served.store.case(given["service_request_id"])
    assert (case.category, case.source, case.report.kind) == ("0505", "a-report", "illegal_parking")
    assert case.place is not None and case.place.lat == 24.4798
    assert case.event["public"]["attributes"] == {"lane": "fire"}
    page = served.browser().get(f"/cases/{case.id}")
    assert page.status_code == 200
    assert served.reader.get(f"/api/v1/cases/{case.id}").json()["stills"] == []
    assert served.reader.get(f"/api/v1/cases/{case.id}/packet.zip").status_code == 404


def test_json_and_a_bearer_do_as_well(served: Service) -> None:
    body = form(served, api_key="-") | {"attribute": {"lane": 1}, "lat": 24.5}
    answer = served.client(TokenScope.REPORT).post(f"{V2}/requests.json", json=body)
    assert answer.status_code == 201
    assert served.store.case(answer.json()[0]["service_request_id"]).event["public"]["attributes"] == {"lane": "1"}


def test_nothing_personal_is_on_any_public_answer(served: Service) -> None:
    words = "call me: +86 138 0013 8000 or li@example.org, Wu street 12"
    request_id = post(served, form(served, description=words)).json()[0]["service_request_id"]
    stranger = served.browser("127.0.0.1")
    served.store.move_case(request_id, Order(Move.ACCEPT), DUTY, rules=APPROVED, expected=1, now=NOW)
    for suffix in ("json", "xml"):
        for where in (f"requests/{request_id}", "requests", "servicerequestupdates"):
            answer = stranger.get(f"{V2}/{where}.{suffix}")
            assert answer.status_code == 200 and request_id in answer.text
            for secret in [*PERSON.values(), "138 0013 8000", "a-report"]:
                assert secret not in answer.text
    assert "Wu street 12" in stranger.get(f"{V2}/requests/{request_id}.json").text


def test_the_status_follows_the_case(served: Service) -> None:
    request_id = post(served, form(served)).json()[0]["service_request_id"]
    order = Order(Move.DISMISS, data={"verdict_reason": "already_gone"})
    served.store.move_case(request_id, order, DUTY, rules=APPROVED, expected=1, now=NOW + timedelta(minutes=5))
    (shown,) = served.browser().get(f"{V2}/requests/{request_id}.json").json()
    assert shown["status"] == "closed" and shown["updated_datetime"] == "2026-11-23T08:05:00Z"
    assert served.browser().get(f"{V2}/requests.json?status=open").json() == []
    (news,) = served.browser().get(f"{V2}/servicerequestupdates.json?end_date=2026-11-24T00:00:00Z").json()
    assert (news["service_request_id"], news["status"]) == (request_id, "closed")


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"api_key": "-"}, 403, "api_key is missing"),
        ({"api_key": "wrong"}, 403, "may not file"),
        ({"service_code": "-"}, 400, "service_code is missing"),
        ({"service_code": "9999"}, 404, "no service_code '9999'"),
        ({"lat": "-", "long": "-"}, 400, "a place is missing"),
        ({"lat": "118.0894", "long": "24.4798"}, 400, "swapped"),
        ({"lat": "nan"}, 400, "within"),
        ({"lat": "north"}, 400, "decimal degrees"),
        ({"long": "-"}, 400, "both"),
        ({"media_url": "file:///etc/passwd"}, 400, "media_url"),
        ({"description": "x" * 5000}, 400, "at most 4000"),
        ({"description": "x" * 70000}, 413, "65536"),
    ],
)
def test_bad_requests_are_told_what_is_wrong(served: Service, changes: dict[str, str], code: int, words: str) -> None:
    for suffix in ("json", "xml"):
        answer = post(served, form(served, **changes), suffix)
        assert answer.status_code == code and words in answer.text
        if suffix == "json":
            assert answer.json()[0]["code"] == code
        else:
            assert ET.fromstring(answer.text).findtext("error/code") == str(code)  # noqa: S314 - our own answer
    assert served.store.cases()[1] == 0


def test_only_a_report_token_files(served: Service) -> None:
    for scope in set(TokenScope) - {TokenScope.REPORT}:
        assert post(served, form(served, api_key=served.tokens[scope])).status_code == 403


def test_unknown_requests_services_and_dates(served: Service) -> None:
    browser = served.browser()
    assert browser.get(f"{V2}/requests/SP-2026-000404.json").json()[0]["code"] == 404
    assert browser.get(f"{V2}/services/9999.xml").status_code == 404
    assert browser.get(f"{V2}/requests.json?start_date=yesterday").status_code == 400
    assert browser.get(f"{V2}/requests.json?status=lost").status_code == 400
    assert browser.get(f"{V2}/discovery.json").json()["endpoints"][0]["url"].endswith(V2)
    assert b"<formats>" in browser.get(f"{V2}/discovery.xml").content
    assert browser.post(f"{V2}/requests.json", json=[1]).status_code == 400
    headers = {"Content-Type": "text/plain"}
    assert browser.post(f"{V2}/requests.json", content=b"x", headers=headers).status_code == 415


def test_a_key_files_once_however_often_it_is_sent(served: Service) -> None:
    headers = {"Idempotency-Key": "app-1-report-7", "Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode(form(served))
    ids = {
        served.browser().post(f"{V2}/requests.json", content=body, headers=headers).json()[0]["service_request_id"]
        for _ in range(3)
    }
    assert len(ids) == 1 and served.store.cases()[1] == 1


def test_hostile_words_stay_words(served: Service) -> None:
    words = "<script>alert(1)</script> & ]]> \x00\x08 \u202e"
    request_id = post(served, form(served, description=words)).json()[0]["service_request_id"]
    answer = served.browser().get(f"{V2}/requests/{request_id}.xml")
    assert "<script>alert(1)</script>" in str(
        ET.fromstring(answer.text).findtext("request/description")  # noqa: S314 - our own answer
    )
    assert "<script>" not in served.browser().get(f"/cases/{request_id}").text


def test_a_site_with_a_boundary_takes_no_place_beyond_it(tmp_path: Path) -> None:
    store = Store(tmp_path)
    key = store.make_token("app", TokenScope.REPORT, NOW)
    app = create_app(
        store,
        CaseVault(tmp_path / "vault", floor_bytes=0),
        require_page_token=False,
        version="test",
        clock=lambda: NOW,
        boundary=box(118.0, 24.4, 118.2, 24.6),
    )
    served = Service(store, CaseVault(tmp_path / "vault", floor_bytes=0), app, {TokenScope.REPORT: key})
    assert post(served, form(served)).status_code == 201
    assert post(served, form(served, lat="39.9", long="116.4")).status_code == 400
    assert post(served, form(served, lat="-", long="-", address_string="Wu street")).status_code == 201
    assert json.loads(post(served, form(served, lat="39.9")).text)[0]["description"].endswith("that this site serves")
    store.close()
