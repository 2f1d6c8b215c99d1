"""Health and figures: what is wrong is named, and the numbers are the store's."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from jsonschema import Draft202012Validator

from api.cameras import CameraHealth
from api.cases import CaseReport
from api.tokens import TokenScope
from tests.api.packets import Sealed
from tests.api.serving import Service, service
from tests.api.values import NOW, incident, outgoing, packet

WELL = CameraHealth("cam-1", "watched", "", NOW, NOW)


def test_a_site_without_trouble_is_well(served: Service) -> None:
    served.store.note_camera(WELL)
    answer = served.browser().get("/healthz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok" and answer.json()["cameras"][0]["camera"] == "cam-1"


def test_each_camera_in_trouble_is_named_with_its_trouble(served: Service) -> None:
    served.store.note_camera(WELL)
    served.store.note_camera(
        replace(WELL, camera="cam-2", state="wrong_password", detail="set PATROL_CAMERA_CAM_2_PASSWORD")
    )
    served.store.note_camera(replace(WELL, camera="cam-3", updated=NOW - timedelta(seconds=95)))
    answer = served.browser().get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == [
        "camera cam-2: wrong_password: set PATROL_CAMERA_CAM_2_PASSWORD",
        "camera cam-3: its watcher said nothing for 95 s; is `patrol run` up?",
    ]
    served.store.keep_cameras(frozenset({"cam-1"}))
    assert served.browser().get("/healthz").status_code == 200


def test_an_outbox_that_gets_nowhere_is_trouble_and_dead_letters_are_noticed(served: Service) -> None:
    long_ago = NOW - timedelta(minutes=42)
    served.store.commit_sealed(incident(1), packet(1), [outgoing(1, "city")], long_ago)
    served.store.commit_sealed(incident(2), packet(2), [outgoing(2)], NOW)
    item = served.store.claim(["own"], NOW)
    assert item is not None
    served.store.never_sent(item, "refused", NOW)
    answer = served.browser().get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == ["outbox: 1 waiting, the oldest for 42 min; see last_error"]
    assert answer.json()["notices"] == ["outbox: 1 dead letters for own; see why and send again"]
    assert answer.json()["outbox"]["waiting"] == {"city": 1}


def test_a_database_that_does_not_answer_is_named(served: Service) -> None:
    with served.store.database.writing() as session:
        session.connection().exec_driver_sql("DROP TABLE outbox")
    answer = served.browser().get("/healthz")
    assert answer.status_code == 503 and answer.json()["reasons"][0].startswith("database: ")


def test_figures_are_the_stores(served: Service, sealed: Sealed) -> None:
    served.take(sealed)
    served.store.note_camera(WELL)
    served.store.note_camera(replace(WELL, camera='odd "name"', state="lost"))
    served.store.commit_sealed(incident(1), packet(1), [outgoing(1)], NOW - timedelta(seconds=30))
    lines = served.browser().get("/metrics").text.splitlines()
    for line in (
        'patrol_cases{kind="illegal_parking",state="reported"} 1.0',
        'patrol_incidents{state="sealed"} 1.0',
        'patrol_outbox_waiting{target="own"} 1.0',
        "patrol_outbox_oldest_seconds 30.0",
        'patrol_camera_up{camera="cam-1"} 1.0',
        r'patrol_camera_up{camera="odd \"name\""} 0.0',
        'patrol_packets_total{outcome="stored"} 1.0',
        'patrol_http_requests_total{method="POST",route="/api/v1/cases",status="201"} 1.0',
    ):
        assert line in lines, line


def test_figures_name_routes_and_never_addresses(served: Service) -> None:
    served.browser().get("/cases/SP-2026-000077")
    served.browser().get("/wp-admin/setup.php")
    figures = served.browser().get("/metrics").text
    assert 'route="/cases/{case_id}"' in figures and 'route="unmatched"' in figures
    assert "SP-2026-000077" not in figures and "wp-admin" not in figures


def test_every_route_is_described_with_examples_that_hold(served: Service) -> None:
    document = served.browser().get("/openapi.json").json()
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            assert route["summary"] and route["description"], (method, path)
    schemas = document["components"]["schemas"]
    for name in ("CaseReport", "CaseSummary", "CasePage", "Trouble"):
        schema = {**schemas[name], "components": document["components"]}
        Draft202012Validator(schema).validate(schemas[name]["example"])
    CaseReport.model_validate(schemas["CaseReport"]["example"])


def test_a_box_may_not_read_figures_of_a_closed_site(tmp_path: Path) -> None:
    with service(tmp_path, require_page_token=True) as closed:
        assert closed.client(TokenScope.BOX).get("/metrics").status_code == 401
        assert closed.client(TokenScope.READ).get("/metrics").status_code == 200
