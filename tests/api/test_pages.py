"""The plain pages: what people see, whatever the words in it are."""

import re
from datetime import UTC, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from api.app import create_app
from api.moves import Actor, Role
from api.rendering import visible
from api.views import time_text
from tests.api.packets import Sealed, seal
from tests.api.serving import Service, service
from tests.api.values import NOW

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
TURNED = "\u202egnp.exe"


def test_an_empty_site_says_what_will_come(served: Service) -> None:
    page = served.browser().get("/").text
    assert "还没有案件" in page and "No cases yet" in page


def test_the_list_shows_each_case_in_words(served: Service, sealed_packets: tuple[Sealed, ...]) -> None:
    ids = [served.take(one) for one in sealed_packets[:3]]
    page = served.browser().get("/").text
    assert re.findall(r'href="/cases/([^"]+)"', page) == ids[::-1]
    assert "违法停车" in page and "Illegal parking" in page and "小汽车" in page
    assert "摄像机时钟" in page and "±0.05 s" in page
    thumbnail = re.search(r'<img src="(/cases/[^"]+)"', page)
    assert thumbnail is not None
    assert served.browser().get(thumbnail[1]).headers["content-type"] == "image/jpeg"


def test_a_case_shows_its_evidence_and_how_to_check_it(served: Service, sealed: Sealed) -> None:
    case_id = served.take(sealed)
    page = served.browser().get(f"/cases/{case_id}").text
    for words in (sealed.sha256, f"patrol verify {case_id}.zip", "停留过久", "It stood too long", "缺少", "判定过程"):
        assert words in page, words
    for link in set(re.findall(r'(?:src|href)="(/[^"]*)"', page)):
        assert served.browser().get(link).status_code == 200, link
    assert f'<video controls preload="metadata" playsinline src="/cases/{case_id}/clip">' in page


def test_times_are_local_to_the_site(served: Service, sealed: Sealed) -> None:
    served.take(sealed)
    app = create_app(
        served.store,
        served.vault,
        require_page_token=False,
        version="1",
        site_name="北门",
        timezone=ZoneInfo("Asia/Shanghai"),
    )
    page = Service(served.store, served.vault, app, served.tokens).browser().get("/").text
    assert "2026-03-02 <b>16:00:01</b>" in page and "UTC+08:00" in page and "北门" in page


def test_hostile_words_stay_words(served: Service, tmp_path: Path) -> None:
    case_id = served.take(seal(tmp_path / "box", 1, camera=HOSTILE, zone=TURNED + HOSTILE, words=HOSTILE + TURNED))
    for page in (served.browser().get("/"), served.browser().get(f"/cases/{case_id}")):
        assert page.status_code == 200
        assert "<script" not in page.text and "<img src=x" not in page.text
        assert "&lt;script&gt;" in page.text
        assert "\u202e" not in page.text and "⟨U+202E⟩gnp.exe" in page.text
    wrong = served.browser().get("/cases/<script>alert(1)</script>", headers={"Accept": "text/html"})
    assert wrong.status_code == 404 and "<script" not in wrong.text


@pytest.mark.parametrize("mark", ["\x00", "\x1b", "\u200b", "\u200f", "\u202d", "\u2066", "\ufeff"])
def test_invisible_marks_are_made_visible(mark: str) -> None:
    assert visible(f"a{mark}b") == f"a⟨U+{ord(mark):04X}⟩b"
    assert visible("中文 عربى e\u0301 🚗\n") == "中文 عربى e\u0301 🚗\n"


def test_long_lists_have_pages(served: Service, sealed: Sealed) -> None:
    served.take(sealed)
    event = served.store.case("SP-2026-000001").event
    for number in range(59):
        moment = NOW + timedelta(seconds=number)
        served.store.file_report(
            sealed.report, key=f"another-{number}", event=event, source=Actor("a-box", Role.BOX), now=moment
        )
    first, second = served.browser().get("/").text, served.browser().get("/?page=2").text
    assert first.count('class="case"') == 50 and second.count('class="case"') == 10
    assert 'href="/?page=2"' in first and 'href="/?page=1"' in second
    assert "本页没有案件" in served.browser().get("/?page=9").text
    assert served.browser().get("/?page=0", headers={"Accept": "text/html"}).status_code == 422


def test_a_packet_of_an_unknown_kind_still_has_a_page(served: Service, sealed: Sealed) -> None:
    served.take(sealed)
    odd = {"times": "yesterday", "stills": [{"path": 5}], "zone": None}
    case, _ = served.store.file_report(
        sealed.report, key="odd-packet-1", event=odd, source=Actor("a-box", Role.BOX), now=NOW
    )
    page = served.browser().get(f"/cases/{case.id}")
    assert page.status_code == 200 and sealed.sha256 in page.text
    assert served.browser().get("/").status_code == 200


def test_pages_load_nothing_from_elsewhere_and_run_no_script(served: Service, sealed: Sealed) -> None:
    case_id = served.take(sealed)
    for address in ("/", f"/cases/{case_id}", "/static/patrol.css"):
        answer = served.browser().get(address)
        assert not re.search(
            r"(?:src|href|action)=\"(?:https?:)?//|url\(|@import|style=\"|<script| on\w+=\"", answer.text
        )
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "script-src" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert served.browser().get("/").headers["cache-control"] == "no-store"


def test_a_browser_gets_a_page_and_a_program_gets_json(served: Service) -> None:
    page = served.browser().get("/cases/SP-1999-000001", headers={"Accept": "text/html,*/*"})
    assert page.status_code == 404 and "无法显示" in page.text
    assert served.browser().get("/cases/SP-1999-000001").json()["error"] == "case_unknown"
    assert served.browser().get("/nowhere").json()["error"] == "not_found"
    assert served.browser().delete("/api/v1/cases").json()["error"] == "method_not_allowed"


def test_a_small_error_is_never_shown_as_none() -> None:
    assert time_text(NOW, "rtcp", 0.0004, UTC).error == "±0.01 s"
    assert time_text(NOW, "rtcp", None, UTC).error == ""


def test_pages_need_no_case_to_be_signed_in_for(tmp_path: Path) -> None:
    with service(tmp_path, require_page_token=True) as served:
        assert served.browser("192.0.2.7").get("/static/patrol.css").status_code == 200
