"""The drivers of other systems: each case arrives once, whatever happens on the way, and no secret in any word."""

import base64
import hashlib
import hmac
import json
import os
import random
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from zoneinfo import ZoneInfo

import pytest

from api.dispatch.case_facts import facts_of
from api.dispatch.city_json import City, CityJson
from api.dispatch.driver import Driver, Refused, TryAgain
from api.dispatch.open311 import Open311
from api.dispatch.outbox import LONGEST_WAIT_S, Outbox
from api.dispatch.webhook import Webhook
from api.outgoing import Outgoing, SendState
from api.store import Store
from tests.api.dispatch_servers import CityHandler, Faults, Open311Handler, serving
from tests.api.faults import SteppedClock
from tests.api.values import NOW, incident, packet

SHANGHAI = ZoneInfo("Asia/Shanghai")


def case(number: int = 1, target: str = "city", folder: Path | None = None, kind: str = "illegal_parking") -> Outgoing:
    """A report in the outbox."""
    payload = {
        "incident_id": f"incident-{number}",
        "kind": kind,
        "class": "car",
        "zone": "gate",
        "camera": "cam-1",
        "raised_at": NOW.isoformat(),
        "packet_sha256": f"{number:064x}",
    }
    return Outgoing(target, f"incident-{number:05d}", payload, folder)


def placed(folder: Path) -> Path:
    """A packet that lies on this box and knows its place."""
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "far.jpg").write_bytes(b"\xff\xd8 far")
    stills = [{"path": "data/far.jpg", "view": "far", "moment": "verdict", "captured_at": "2026-11-23T08:00:00Z"}]
    position = {"lat": 24.4798, "lon": 118.0894004, "error_m": 2.0}
    (folder / "data" / "event.json").write_text(json.dumps({"position": position, "stills": stills}))
    return folder


def sent_through_faults(tmp_path: Path, driver: Driver, cases: int) -> Store:
    """Queue so many and send until nothing waits."""
    store, clock = Store(tmp_path / "box"), SteppedClock()
    for number in range(1, cases + 1):
        store.commit_sealed(incident(number), packet(number), [case(number)], NOW)
    outbox = Outbox(store, {"city": driver}, clock, random.Random(7))  # noqa: S311 - jitter
    for _ in range(100 * cases):
        while outbox.step():
            pass
        if not store.outbox_depth().waiting:
            break
        clock.advance(LONGEST_WAIT_S)
    assert store.outbox_depth().waiting == {} and store.outbox_depth().dead == {}
    return store


def exactly_once(tmp_path: Path, kind: str, cases: int, hang_s: float) -> None:
    """So many cases in, exactly so many there, and each known by the other side's name for it."""
    faults = Faults(hang_s)
    with serving(Open311Handler if kind == "open311" else CityHandler, faults) as (url, foreign):
        driver: Open311 | CityJson
        if kind == "open311":
            driver = Open311(url, "the-key", {"0505": "PARK"}, timeout_s=hang_s / 2)
        else:
            driver = CityJson(url, "", City(SHANGHAI), timeout_s=hang_s / 2)
        store = sent_through_faults(tmp_path, driver, cases)
        driver.close()
        done = {item.outgoing.idempotency_key: item.reference for item in store.outbox(SendState.DONE)}
        store.close()
        there = {row["id"]: row for row in foreign.requests}
        assert faults.posts > cases and len(there) == cases == len(done) == len(set(done.values()))
        for key, reference in done.items():
            assert key in json.dumps(there[str(reference)])


@pytest.mark.parametrize("kind", ["open311", "city"])
def test_a_server_that_loses_answers_has_each_case_once(tmp_path: Path, kind: str) -> None:
    exactly_once(tmp_path, kind, cases=12, hang_s=0.6)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.skipif("PATROL_SOAK" not in os.environ, reason="the long proof; `make soak` runs it")
@pytest.mark.parametrize("kind", ["open311", "city"])
def test_a_thousand_cases_in_are_a_thousand_cases_there(tmp_path: Path, kind: str) -> None:
    exactly_once(tmp_path, kind, cases=1000, hang_s=0.8)


def test_open311_reads_status_and_news_back_each_once_and_in_order() -> None:
    with serving(Open311Handler) as (url, foreign):
        driver = Open311(url, "the-key", {"0505": "PARK"})
        reference = driver.deliver(case())
        assert driver.services() == {"PARK", "0501"} and driver.status(reference) == "open"
        later = {"update_id": "2", "service_request_id": reference, "status": "CLOSED"}
        first = {"update_id": "1", "service_request_id": reference, "status": "open", "description": "on our way"}
        foreign.updates = [
            later | {"updated_datetime": "2026-11-23T10:00:00Z"},
            {"nonsense": 1},
            first | {"updated_datetime": "2026-11-23T17:00:00+08:00"},
            later | {"updated_datetime": "2026-11-23T10:00:00Z"},
        ]
        news = driver.updates(NOW, NOW + timedelta(days=1))
        assert [(n.id, n.status, n.at.astimezone(UTC).hour) for n in news] == [("1", "open", 9), ("2", "closed", 10)]
        driver.close()


def test_what_the_server_has_no_service_for_is_a_dead_letter_with_advice() -> None:
    with serving(Open311Handler) as (url, _):
        driver = Open311(url, "the-key", {"0505": "PARK"})
        with pytest.raises(Refused, match=r"no service '0102' .* map it"):
            driver.deliver(case(kind="dumped_waste"))
        with pytest.raises(Refused, match="no report of a case"):
            driver.deliver(Outgoing("city", "some-key", {"kind": "illegal_parking"}))
        driver.close()


def test_a_wrong_key_is_tried_again_and_never_shown() -> None:
    with serving(Open311Handler) as (url, foreign):
        driver = Open311(url, "secret-key-77", {"0505": "PARK"})
        with pytest.raises(TryAgain, match="403") as refused:
            driver.deliver(case())
        driver.close()
        assert foreign.heard[-1][1] == "secret-key-77" and "secret-key-77" not in str(refused.value)


def test_a_city_gets_its_own_names_codes_cells_and_six_decimals(tmp_path: Path) -> None:
    city = City(SHANGHAI, {"key": "sourceNo", "packet": ""}, {"0505": ("05", "905")}, lookup="q?caseCode={key}")
    driver = CityJson("http://127.0.0.1:9", "t", city, lambda lat, lon: ("350203001001001", f"{lat:.1f},{lon:.1f}"))
    body = driver.body(facts_of(case(folder=placed(tmp_path / "packet"))))
    driver.close()
    assert (body["coordinateX"], body["coordinateY"]) == ("118.089400", "24.479800")
    assert (body["sourceNo"], body["bigClassCode"], body["smallClassCode"]) == ("incident-00001", "05", "905")
    assert body["discoverTime"] == "2026-11-23 16:00:00" and body["gridCode"] == "350203001001001"
    assert "evidenceHash" not in body
    assert [(p["type"], base64.b64decode(p["content"])) for p in body["photos"]] == [("1", b"\xff\xd8 far")]


def test_a_platform_that_says_no_inside_a_200_is_believed() -> None:
    with serving(CityHandler) as (url, _):
        driver = CityJson(url, "", City(SHANGHAI, items={"0505": ("05", "99")}))
        with pytest.raises(Refused, match="4001 unknown item"):
            driver.deliver(case())
        driver.close()


@pytest.mark.parametrize("changes", [{"fields": {"colour": "c"}}, {"lookup": "event/query"}])
def test_a_table_that_cannot_work_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"no colour|must have"):
        City(SHANGHAI, **changes)  # type: ignore[arg-type]


def test_a_webhook_is_signed_so_that_the_receiver_can_check_it(tmp_path: Path) -> None:
    got: list[tuple[dict[str, str], bytes]] = []

    class Receiver(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Quiet."""

        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            got.append((headers, self.rfile.read(int(headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    clock = lambda: datetime(2026, 11, 23, 9, tzinfo=UTC)  # noqa: E731
    hook = Webhook(f"http://127.0.0.1:{server.server_port}/hook", "s3cret", "/street-patrol/campus", clock=clock)
    row = case(folder=placed(tmp_path / "packet"))
    assert hook.deliver(row) == hook.deliver(row) == "incident-00001"
    hook.close()
    server.shutdown()
    thread.join()
    server.server_close()
    (headers, body), (again, same) = got
    assert body == same and headers["webhook-id"] == again["webhook-id"] == "incident-00001"
    signed = f"incident-00001.{headers['webhook-timestamp']}.".encode() + body
    wanted = base64.b64encode(hmac.new(b"s3cret", signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{wanted}" and b"s3cret" not in body
    event = json.loads(body)
    assert (event["specversion"], event["type"]) == ("1.0", "street-patrol.case.reported.v1")
    assert event["data"]["place"] == {"lat": 24.4798, "lon": 118.0894004, "error_m": 2.0}
