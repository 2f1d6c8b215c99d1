"""Who gets in: every route, with every kind of caller, and the sign-in of browsers."""

import logging
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from api.auth import COOKIE, VISIT, NeedsToken, check_binding, is_loopback, sign_in, visitor
from api.store import Store
from api.tokens import TokenExists, TokenScope, digest
from tests.api.packets import Sealed
from tests.api.serving import Service, service
from tests.api.values import NOW

BOX, READ, REPORT = TokenScope.BOX, TokenScope.READ, TokenScope.REPORT
CASE = "/api/v1/cases/SP-2026-000001"
PACKET = "/api/v1/packets/" + "0" * 64

# Every route of the API: who may call it. Nobody else may.
READERS = {READ, TokenScope.REVIEW, TokenScope.DUTY, TokenScope.UNIT}
ALLOWED: dict[tuple[str, str], set[TokenScope]] = {
    ("PUT", "/api/v1/packets/{sha256}"): {BOX},
    ("GET", "/api/v1/packets/{sha256}"): {BOX},
    ("POST", "/api/v1/cases"): {BOX},
    ("GET", "/api/v1/cases"): READERS,
    ("GET", "/api/v1/cases/{case_id}"): READERS,
    ("GET", "/api/v1/cases/{case_id}/event"): READERS,
    ("GET", "/api/v1/cases/{case_id}/packet.zip"): READERS,
    ("GET", "/api/v1/cases/{case_id}/clip"): READERS,
    ("GET", "/api/v1/cases/{case_id}/stills/{name}"): READERS,
    ("GET", "/api/v1/cases/{case_id}/moves"): READERS,
    ("POST", "/api/v1/cases/{case_id}/moves"): set(TokenScope) - {READ},
    ("GET", "/api/v1/moves"): READERS,
    ("GET", "/api/v1/figures"): READERS,
    ("GET", "/api/v1/figures.csv"): READERS,
    ("GET", "/api/v1/outbox"): {TokenScope.DUTY},
    ("POST", "/api/v1/outbox/{row_id}/resend"): {TokenScope.DUTY},
}


def address(template: str) -> str:
    """A route's template with values that do not exist."""
    return (
        template.replace("{case_id}", "SP-2026-000001")
        .replace("{sha256}", "0" * 64)
        .replace("{row_id}", "1")
        .replace("{name}", "x.jpg")
    )


def test_the_table_of_routes_is_complete(served: Service) -> None:
    described = served.browser().get("/openapi.json").json()["paths"]
    # Open311 is open to everybody but for its one POST, which has its own key: test_open311.py.
    described = {path: methods for path, methods in described.items() if not path.startswith("/open311/")}
    routes = {(method.upper(), path) for path, methods in described.items() for method in methods}
    assert routes - {("GET", "/healthz"), ("GET", "/metrics")} == set(ALLOWED)


@pytest.mark.parametrize(("method", "template"), list(ALLOWED))
def test_each_route_lets_in_its_scope_and_nobody_else(served: Service, method: str, template: str) -> None:
    where = address(template)
    for credentials in (None, "Bearer", "Bearer nonsense", "Basic dXNlcjpwYXNz", "Bearer " + "x" * 5000):
        headers = {} if credentials is None else {"Authorization": credentials}
        answer = served.browser().request(method, where, headers=headers)
        assert answer.status_code == 401 and answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.json()["error"] == "not_signed_in"
    for scope in TokenScope:
        status = served.client(scope).request(method, where).status_code
        assert (status not in (401, 403)) if scope in ALLOWED[method, template] else (status == 403), scope


def test_a_revoked_token_opens_nothing(served: Service) -> None:
    assert served.reader.get("/api/v1/cases").status_code == 200
    served.store.revoke_token("a-read", NOW)
    assert served.reader.get("/api/v1/cases").status_code == 401


def test_a_token_is_stored_only_as_its_digest(tmp_path: Path) -> None:
    store = Store(tmp_path)
    secret = store.make_token("gate box", BOX, NOW)
    store.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert digest(secret).encode() in stored and secret.encode() not in stored
    assert len(secret) > 50 and secret.startswith("patrol_box_")


def test_a_name_is_given_once(store: Store) -> None:
    store.make_token("one", BOX, NOW)
    with pytest.raises(TokenExists):
        store.make_token("one", READ, NOW)
    for name in ("", "x" * 101, "new\nline"):
        with pytest.raises(ValueError, match="name must be"):
            store.make_token(name, BOX, NOW)


def test_listening_beyond_this_machine_needs_a_token_a_box(store: Store) -> None:
    for host in ("127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost"):
        check_binding(host, store)
    store.make_token("reader", READ, NOW)
    for host in ("0.0.0.0", "192.0.2.7", "::", "patrol.example.org"):  # noqa: S104 - refused is what is tested
        with pytest.raises(NeedsToken, match="patrol token SITE NAME --scope box"):
            check_binding(host, store)
    store.make_token("box", BOX, NOW)
    check_binding("192.0.2.7", store)
    store.revoke_token("box", NOW)
    with pytest.raises(NeedsToken):
        check_binding("192.0.2.7", store)


@pytest.mark.parametrize("host", ["127.0.0.1.example.org", "localhost.example.org", "10.0.0.1", "", "::ffff:10.0.0.1"])
def test_names_that_look_like_this_machine_are_not(host: str) -> None:
    assert not is_loopback(host)


PAGES = ("/", "/cases/SP-2026-000001", "/cases/SP-2026-000001/clip", "/cases/SP-2026-000001/packet.zip")


@pytest.mark.parametrize("page", [*PAGES, "/cases/SP-2026-000001/stills/verdict-far.jpg", "/?page=2"])
def test_pages_open_to_this_machine_and_send_others_to_sign_in(served: Service, sealed: Sealed, page: str) -> None:
    served.take(sealed)
    assert served.browser().get(page).status_code == 200
    assert served.browser("::1").get(page).status_code == 200
    for stranger in (served.browser("192.0.2.7"), forwarded(served.browser())):
        answer = stranger.get(page)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


def forwarded(client: TestClient) -> TestClient:
    """A client behind a proxy on this machine."""
    client.headers["X-Forwarded-For"] = "192.0.2.7"
    return client


def test_another_site_cannot_pretend_to_be_this_machine(served: Service) -> None:
    assert served.browser(host="http://evil.example").get("/").status_code == 400
    assert served.browser(host="http://localhost:8000").get("/").status_code == 200
    assert served.browser(host="http://[::1]:8000").get("/").status_code == 200
    assert (
        "access-control-allow-origin"
        not in served.browser().get("/", headers={"Origin": "http://evil.example"}).headers
    )


def test_a_visitor_signs_in_with_a_read_token_and_leaves_again(tmp_path: Path, sealed: Sealed) -> None:
    with service(tmp_path, require_page_token=True) as served:
        served.take(sealed)
        browser = served.browser("192.0.2.7")
        assert browser.get("/").status_code == 303
        assert browser.get("/sign-in").status_code == 200
        answer = browser.post("/sign-in", content=urlencode({"token": served.tokens[READ]}))
        assert answer.status_code == 303 and answer.headers["location"] == "/"
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie and "SameSite=strict" in cookie
        assert served.tokens[READ] not in cookie
        assert browser.get("/").status_code == 200
        assert browser.get("/cases/SP-2026-000001/clip").status_code == 200
        assert browser.get("/api/v1/cases").status_code == 401  # a cookie is for pages, programs send a token
        browser.post("/sign-out")
        assert browser.get("/").status_code == 303


@pytest.mark.parametrize("secret", ["", "nonsense", "box", "report", "x" * 100_000])
def test_nothing_but_a_read_token_signs_in(tmp_path: Path, secret: str) -> None:
    with service(tmp_path, require_page_token=True) as served:
        typed = {"box": served.tokens[BOX], "report": served.tokens[REPORT]}.get(secret, secret)
        answer = served.browser().post("/sign-in", content=urlencode({"token": typed}))
        assert answer.status_code == 403 and "set-cookie" not in answer.headers
        assert typed == "" or typed not in answer.text


def test_a_form_of_another_site_signs_nobody_in(tmp_path: Path) -> None:
    with service(tmp_path, require_page_token=True) as served:
        form = urlencode({"token": served.tokens[READ]})
        answer = served.browser().post("/sign-in", content=form, headers={"Origin": "http://evil.example"})
        assert answer.status_code == 403


def test_a_visit_ends_by_itself_and_with_its_token(store: Store) -> None:
    secret = store.make_token("reader", READ, NOW)
    cookie = sign_in(store, secret, NOW)
    assert cookie is not None and visitor(store, cookie, NOW) is not None
    assert visitor(store, cookie, NOW + VISIT + timedelta(seconds=1)) is None
    store.revoke_token("reader", NOW)
    assert visitor(store, cookie, NOW) is None


def test_no_changed_cookie_is_believed(store: Store) -> None:
    secret = store.make_token("reader", READ, NOW)
    store.make_token("other", READ, NOW)
    cookie = sign_in(store, secret, NOW)
    assert cookie is not None
    name, until, signature = cookie.split(".")
    forged = [
        f"{name}.{int(until) + 9}.{signature}",
        f"{b'other'.hex()}.{until}.{signature}",
        f"{name}.{until}.{signature[:-1]}{'0' if signature[-1] != '0' else '1'}",
        f"{name}.{until}.",
        f"{name}.{until}.\u4e2d",
        "",
        "...",
        "zz.1.x",
        f"{name}.nan.{signature}",
    ]
    assert [visitor(store, value, NOW) for value in forged] == [None] * len(forged)


def test_strangers_are_told_only_whether_all_is_well(tmp_path: Path) -> None:
    with service(tmp_path, require_page_token=True) as served:
        stranger = served.browser("192.0.2.7")
        assert stranger.get("/healthz").json() == served.browser().get("/healthz").json()
        assert stranger.get("/healthz").json()["disk_free_bytes"] is None
        assert served.reader.get("/healthz").json()["disk_free_bytes"] > 0
        assert stranger.get("/metrics").status_code == 401
        assert served.reader.get("/metrics").status_code == 200


def test_no_secret_is_ever_logged(served: Service, caplog: pytest.LogCaptureFixture, sealed: Sealed) -> None:
    caplog.set_level(logging.DEBUG)
    served.take(sealed)
    served.browser().post("/sign-in", content=urlencode({"token": served.tokens[READ]}))
    served.browser().get("/api/v1/cases", headers={"Authorization": "Bearer patrol_read_wrong-secret"})
    logged = caplog.text
    assert "wrong-secret" not in logged and not any(secret in logged for secret in served.tokens.values())
    assert COOKIE not in logged
