"""Routing: the first rule that matches, both levels of the grid, rosters, and the gate that closes by itself."""

import csv
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.auto_dispatch import ENOUGH, accuracy
from api.case_moves import CaseRules
from api.cases import Place
from api.moves import CaseState, Move, Order
from api.routing import Question, Router, RouteRule, Unit
from api.store import Store
from rules.calendar import Calendar
from rules.hours import Hours
from tests.api.city import SHANGHAI, SOUTH, STEP, WEST, cells, city, labelled
from tests.api.reports import BOX, SQUAD, event, filed
from tests.api.values import NOW

TABLE = Path(__file__).with_name("routings.csv")


def test_five_hundred_labelled_routings_go_where_they_belong(capsys: pytest.CaptureFixture[str]) -> None:
    router = city(side=20, units=30)
    with TABLE.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 500
    automatic = right = 0
    for row in rows:
        place = Place(float(row["lat"]), float(row["lon"]), 2.0)
        found = router.route(Question(row["category"], place, datetime.fromisoformat(row["at"])))
        if float(row["score"]) >= router.confidence and found.unit is not None:
            automatic += 1
            right += found.unit == row["unit"]
    with capsys.disabled():
        sys.stdout.write(
            f"\n500 routings: automatic {automatic / 500:.1%}, first dispatch right {right / automatic:.2%}\n"
        )
    assert right == automatic > 250
    assert {row["unit"] for row in rows} >= {"market squad", "traffic", "sanitation north"}


def test_the_table_is_the_one_the_script_makes() -> None:
    made = subprocess.run([sys.executable, "-m", "tests.api.city"], capture_output=True, text=True, check=True)
    assert made.stdout == TABLE.read_text(encoding="utf-8")


def test_one_case_over_ten_thousand_cells_and_662_units_takes_less_than_a_millisecond() -> None:
    router = city(side=100, units=662)
    cases = [row.question for row in labelled(500, side=100, units=662)]
    best = min(_seconds(router, cases) for _ in range(3))
    assert best / len(cases) < 0.001, f"{best / len(cases) * 1000:.3f} ms a case"


def _seconds(router: Router, cases: list[Question]) -> float:
    began = time.perf_counter()
    for case in cases:
        router.route(case)
    return time.perf_counter() - began


def test_the_first_rule_wins_and_the_explanation_says_why() -> None:
    router = city(side=20, units=30)
    friday_night = datetime(2026, 11, 27, 20, tzinfo=SHANGHAI)
    found = router.route(Question("0501", _middle(3, 3), friday_night), explain=True)
    assert (found.unit, found.rule) == ("market squad", "night market")
    later = router.route(Question("0501", _middle(3, 3), friday_night + timedelta(days=3)), explain=True)
    assert later.unit == "unit-3" and "rule night market: not during Fr-Su 18:00-24:00" in later.why
    assert "rule everything else: matches" in later.why


def test_without_a_place_or_outside_every_cell_a_person_decides() -> None:
    router = city(side=20, units=30)
    for place in (None, Place(0.0, 0.0, 2.0)):
        assert router.route(Question("0506", place, NOW)).unit is None


def test_who_is_off_duty_is_stood_in_for() -> None:
    day = Hours("Mo-Su 07:00-19:00", SHANGHAI, Calendar())
    units = {"a": Unit("a", "A", day, "b"), "b": Unit("b", "B", Hours("off", SHANGHAI, Calendar()), "a")}
    router = Router([RouteRule("all", "a")], [], units)
    noon, night = datetime(2026, 11, 23, 12, tzinfo=SHANGHAI), datetime(2026, 11, 23, 23, tzinfo=SHANGHAI)
    assert router.route(Question("0505", None, noon)).unit == "a"
    assert router.route(Question("0505", None, night)).unit in ("a", "b")  # both off: somebody answers, nobody loops
    alone = Router([RouteRule("all", "a")], [], {"a": Unit("a", "A", day, "b"), "b": Unit("b", "B")})
    assert alone.route(Question("0505", None, night)).unit == "b"


@pytest.mark.parametrize("rule", [RouteRule("x", "nobody"), RouteRule("x", "unit-1", cells=frozenset({"S999999"}))])
def test_a_rule_that_names_what_is_not_there_is_an_error(rule: RouteRule) -> None:
    units = {f"unit-{n}": Unit(f"unit-{n}", "") for n in range(4)}
    with pytest.raises(ValueError, match=r"there is no (unit nobody|grid cell S999999)"):
        Router([rule], cells(2, 4), units)


def _middle(x: int, y: int) -> Place:
    return Place(SOUTH + (y + 0.5) * STEP, WEST + (x + 0.5) * STEP, 2.0)


ROUTED = CaseRules(router=Router([RouteRule("all", "squad-1")], [], target_accuracy=0.9))


def sent(store: Store, number: int, **changes: Any) -> str:
    """A report that may go by itself; the case's id."""
    report = filed(number, camera=f"cam-{number}")
    case, new = store.file_report(
        report, key=f"key-{number:06d}", event=event(24.0 + number / 100, **changes), source=BOX, now=NOW, rules=ROUTED
    )
    assert new
    return case.id


def test_clean_up_goes_by_itself_when_the_finding_is_sure(store: Store) -> None:
    case = store.case(sent(store, 1))
    assert case.state is CaseState.DISPATCHED and case.unit == "squad-1"
    assert [(e.move, e.actor) for e in case.history][1:] == [("accept", "patrol"), ("dispatch", "patrol")]
    assert "rule all" in case.history[-1].reason


@pytest.mark.parametrize("changes", [{"score": 0.5}, {"phase": "warning"}, {"sufficiency": {"verdict": "incomplete"}}])
def test_what_is_not_sure_waits_for_a_person(store: Store, changes: dict[str, object]) -> None:
    assert store.case(sent(store, 1, **changes)).state is CaseState.REPORTED


def test_a_category_that_goes_wrong_too_often_goes_to_people_by_itself(store: Store) -> None:
    for number in range(1, ENOUGH + 1):
        case = store.case(sent(store, number))
        wrong = number % 4 == 0  # three of four right: below 90 %
        order = Order(Move.SEND_BACK, "not ours") if wrong else Order(Move.HANDLE)
        store.move_case(case.id, order, SQUAD, rules=ROUTED, expected=case.version, now=NOW)
    with store.database.reading() as session:
        seen = accuracy(session, "0505")
    assert (seen.answered, seen.right) == (20, 15)
    assert store.case(sent(store, 99)).state is CaseState.REPORTED
