"""Dead letters: seen on the page and over the API, and sent again by a person."""

from pathlib import Path

from api.outgoing import SendState
from api.tokens import TokenScope
from tests.api.serving import Service
from tests.api.values import NOW, incident, outgoing, packet


def dead_letter(served: Service) -> int:
    """One row that its target will never accept."""
    served.store.commit_sealed(incident(1), packet(1, Path("/packets")), [outgoing(1, "city")], NOW)
    item = served.store.claim(["city"], NOW)
    assert item is not None
    served.store.never_sent(item, "the platform says 4001 <b>unknown item</b>", NOW)
    return item.id


def test_a_person_sees_why_and_sends_it_again(served: Service) -> None:
    row = dead_letter(served)
    duty = served.client(TokenScope.DUTY)
    (shown,) = duty.get("/api/v1/outbox?state=dead").json()["items"]
    assert (shown["id"], shown["target"], shown["attempts"]) == (row, "city", 1) and "4001" in shown["last_error"]
    assert duty.post(f"/api/v1/outbox/{row}/resend").json()["state"] == "pending"
    again = duty.post(f"/api/v1/outbox/{row}/resend")
    assert (again.status_code, again.json()["error"]) == (409, "not_dead")
    assert duty.get("/api/v1/outbox?state=dead").json()["total"] == 0


def test_the_page_lists_dead_letters_and_has_a_button(served: Service) -> None:
    row = dead_letter(served)
    browser = served.browser()
    assert 'href="/outbox"' in browser.get("/").text
    page = browser.get("/outbox").text
    assert "&lt;b&gt;unknown item" in page and f'action="/outbox/{row}/resend"' in page
    assert browser.post(f"/outbox/{row}/resend", headers={"Origin": "http://evil.example"}).status_code == 403
    assert served.store.outbox(SendState.DEAD)
    assert browser.post(f"/outbox/{row}/resend").status_code == 303
    assert not served.store.outbox(SendState.DEAD)
    assert served.browser("192.0.2.7").post(f"/outbox/{row}/resend").status_code == 303  # to sign in, nothing is sent
    assert 'href="/outbox"' not in browser.get("/").text
