"""Limits across Spring Festival, reminders, three escalations, pauses: each once, and the same after a restart."""

import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.app import create_app
from api.clocks import Limits
from api.moves import SYSTEM, Move, Order
from api.store import Store
from api.vault import CaseVault
from api.worktime import Limit, Span, Unit, WorkTime
from patrol.site.days import seed
from tests.api.city import SHANGHAI
from tests.api.reports import APPROVED, BOX, DUTY, SQUAD, event, filed

OFFICE = WorkTime(SHANGHAI, seed("CN"))
LIMITS = Limits(OFFICE, to_handle={"0505": Limit(4, Unit.WORK_HOUR)})


def at(text: str) -> datetime:
    """A moment in Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


# Spring Festival of 2026: off from Sunday 15 to Monday 23 February; Saturday 14 and Saturday 28 are worked.
@pytest.mark.parametrize(
    ("start", "limit", "due"),
    [
        ("2026-02-13T17:00", Limit(2, Unit.WORK_HOUR), "2026-02-14T09:30"),  # Saturday 14 is a make-up day
        ("2026-02-14T17:00", Limit(2, Unit.WORK_HOUR), "2026-02-24T09:30"),  # nine days nobody works
        ("2026-02-14T17:00", Limit(2, Unit.URGENT_HOUR), "2026-02-14T19:00"),
        ("2026-02-14T17:00", Limit(3, Unit.NATURAL_DAY), "2026-02-17T17:00"),
        ("2026-02-13T08:30", Limit(2, Unit.WORK_DAY), "2026-02-14T18:00"),
        ("2026-02-13T14:30", Limit(2, Unit.WORK_DAY), "2026-02-24T12:00"),
        ("2026-02-18T10:00", Limit(1, Unit.WORK_HOUR), "2026-02-24T09:30"),  # begun in the holidays
        ("2026-02-27T17:30", Limit(1, Unit.WORK_HOUR), "2026-02-28T09:00"),  # Saturday 28 is one as well
        ("2026-03-06T17:30", Limit(1, Unit.WORK_HOUR), "2026-03-09T09:00"),  # an ordinary weekend
        ("2026-03-09T12:30", Limit(1, Unit.WORK_HOUR), "2026-03-09T15:30"),  # the noon break does not count
    ],
)
def test_a_limit_runs_on_the_working_calendar(start: str, limit: Limit, due: str) -> None:
    assert OFFICE.due(at(start), limit) == at(due)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 60 * 24 * 60), st.floats(0.1, 30), st.sampled_from(Unit), st.floats(0.0, 48.0))
def test_a_pause_puts_a_limit_off_and_never_brings_it_nearer(
    minute: int, amount: float, unit: Unit, hours: float
) -> None:
    start = at("2026-01-20T00:00") + timedelta(minutes=minute)
    limit, pause = Limit(amount, unit), Span(start, start + timedelta(hours=hours))
    plain, paused = OFFICE.due(start, limit), OFFICE.due(start, limit, (pause,))
    assert plain is not None and paused is not None and start < plain <= paused
    later = OFFICE.due(start, limit.times(1.5))
    assert later is not None and later > plain
    if unit in (Unit.URGENT_HOUR, Unit.NATURAL_DAY):
        assert abs((paused - plain) - (pause.until - pause.since)) < timedelta(milliseconds=1)


def dispatched(store: Store, moment: datetime, number: int = 1) -> str:
    """A case that was sent to squad-1."""
    case = store.file_report(filed(number), key=f"key-{number:06d}", event=event(), source=BOX, now=moment)[0]
    for order in (Order(Move.ACCEPT), Order(Move.DISPATCH, data={"unit": "squad-1"})):
        case = store.move_case(case.id, order, DUTY, rules=APPROVED, expected=case.version, now=moment)
    return case.id


def sent(store: Store, case_id: str) -> list[tuple[str, str]]:
    """Reminders and escalations: what, and when by the clock on the wall of the office."""
    said = [e for e in store.case(case_id).history if e.actor == SYSTEM.name]
    return [(e.move, e.at.astimezone(SHANGHAI).strftime("%m-%d %H:%M")) for e in said]


def test_across_spring_festival_each_reminder_and_level_comes_once(tmp_path: Path) -> None:
    store = Store(tmp_path)
    case_id = dispatched(store, at("2026-02-14T15:30"))  # 4 work hours: 2.5 h before the holidays, 1.5 h after
    moment = at("2026-02-14T15:30")
    while moment < at("2026-02-26T00:00"):
        store.run_clocks(LIMITS, APPROVED, moment)
        if moment.hour == 9 and moment.minute == 0:  # killed and started again each morning
            store.close()
            store = Store(tmp_path)
        moment += timedelta(minutes=30)
    assert sent(store, case_id) == [
        ("remind", "02-24 09:30"),  # 3.2 of 4 hours
        ("escalate", "02-24 10:00"),  # 4 h
        ("escalate", "02-24 12:00"),  # 6 h
        ("escalate", "02-24 16:30"),  # 8 h
    ]
    assert store.case(case_id).escalation == 3
    store.close()


def test_a_box_that_was_off_for_weeks_catches_up_once(store: Store) -> None:
    case_id = dispatched(store, at("2026-03-02T09:00"))
    assert store.run_clocks(LIMITS, APPROVED, at("2026-03-20T09:00")) == 3
    assert store.run_clocks(LIMITS, APPROVED, at("2026-03-20T09:00")) == 0
    assert [name for name, _ in sent(store, case_id)] == ["escalate"] * 3


def test_a_paused_case_waits_and_one_that_is_fed_back_has_no_clock(store: Store) -> None:
    start = at("2026-03-02T09:00")
    case_id = dispatched(store, start)
    pause = Order(Move.PAUSE, "the road is being dug up")
    store.move_case(case_id, pause, DUTY, rules=APPROVED, expected=3, now=start + timedelta(hours=1))
    assert store.run_clocks(LIMITS, APPROVED, at("2026-03-20T09:00")) == 0
    resumed = at("2026-03-20T09:00")
    store.move_case(case_id, Order(Move.RESUME), DUTY, rules=APPROVED, expected=4, now=resumed)
    assert store.run_clocks(LIMITS, APPROVED, resumed + timedelta(hours=2)) == 0  # 3 of 4 hours
    store.move_case(case_id, Order(Move.HANDLE), SQUAD, rules=APPROVED, expected=5, now=resumed)
    done = Order(Move.FEED_BACK, data={"outcome": "cleared"})
    store.move_case(case_id, done, SQUAD, rules=APPROVED, expected=6, now=resumed)
    assert store.run_clocks(LIMITS, APPROVED, at("2026-04-20T09:00")) == 0


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 3000), min_size=1, max_size=25))
def test_however_often_the_clock_is_looked_at_no_level_is_left_out_or_doubled(minutes: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        moment = at("2026-02-12T09:00")
        case_id = dispatched(store, moment)
        for step in minutes:
            moment += timedelta(minutes=step)
            store.run_clocks(LIMITS, APPROVED, moment)
        names = [name for name, _ in sent(store, case_id)]
        level = sum((due := OFFICE.due(at("2026-02-12T09:00"), Limit(4 * share, Unit.WORK_HOUR))) is not None
                    and due <= moment for share in (1.0, 1.5, 2.0))  # fmt: skip
        assert names.count("escalate") == level == store.case(case_id).escalation and names.count("remind") <= 1
        store.close()


def test_the_service_looks_at_the_clocks_by_itself(tmp_path: Path) -> None:
    store = Store(tmp_path)
    case_id = dispatched(store, at("2026-03-02T09:00"))
    late = at("2026-03-20T09:00")
    vault = CaseVault(tmp_path / "vault", floor_bytes=0)
    app = create_app(
        store, vault, require_page_token=False, version="test", rules=APPROVED, limits=LIMITS, clock=lambda: late
    )
    with TestClient(app, base_url="http://127.0.0.1"):
        for _ in range(500):
            if store.case(case_id).escalation == 3:
                break
            time.sleep(0.02)
    assert store.case(case_id).escalation == 3
    store.close()
