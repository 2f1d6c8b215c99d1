"""The life of a case: only what the table has, only by those it names, and every step written down."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.case_moves import CaseRules, VersionChanged
from api.cases import NoSuchCase
from api.moves import (
    MOVES,
    SYSTEM,
    Actor,
    CaseState,
    IllegalMove,
    Move,
    MoveIncomplete,
    NotYours,
    Order,
    Role,
    Track,
    possible_from,
)
from api.store import Store
from tests.api.reports import ANNA, APPROVED, BO, BOX, CITIZEN, DUTY, OTHERS, SQUAD, moved, reported
from tests.api.values import NOW

TO_SQUAD = Order(Move.DISPATCH, data={"unit": "squad-1"})
CLEARED = Order(Move.FEED_BACK, data={"outcome": "cleared"})


def test_a_case_goes_its_way_from_report_to_close(store: Store) -> None:
    case = reported(store)
    way: list[tuple[Actor, Order]] = [
        (ANNA, Order(Move.CONFIRM)),
        (DUTY, Order(Move.ACCEPT)),
        (DUTY, TO_SQUAD),
        (SQUAD, Order(Move.HANDLE)),
        (SQUAD, CLEARED),
        (BO, Order(Move.CHECK_PASS)),
        (DUTY, Order(Move.CLOSE)),
    ]
    for actor, order in way:
        case = moved(store, case, actor, order)
    assert case.state is CaseState.CLOSED and case.version == 8
    assert [e.state for e in case.history] == [
        "reported", "verified", "accepted", "dispatched", "handling", "fed_back", "checked", "closed",
    ]  # fmt: skip
    assert [e.version for e in case.history] == list(range(1, 9))
    assert [e.actor for e in case.history][-2:] == ["bo", "duty"]


def test_clean_up_may_go_by_itself(store: Store) -> None:
    case = moved(store, reported(store), SYSTEM, Order(Move.ACCEPT))
    assert moved(store, case, SYSTEM, TO_SQUAD).unit == "squad-1"


def test_of_two_people_who_move_one_case_at_once_the_second_is_told(store: Store) -> None:
    seen = reported(store)
    moved(store, seen, ANNA, Order(Move.CONFIRM))
    with pytest.raises(VersionChanged, match="version 2, not 1"):
        moved(store, seen, BO, Order(Move.DISMISS, data={"verdict_reason": "permitted"}))
    assert store.case(seen.id).state is CaseState.VERIFIED


@pytest.mark.parametrize("move", [m for m in Move if m not in possible_from(CaseState.REPORTED)])
def test_what_the_table_does_not_have_is_refused(store: Store, move: Move) -> None:
    case = reported(store)
    actor = next(a for a in (DUTY, ANNA, SQUAD, SYSTEM, BOX) if a.role in MOVES[move].by)
    with pytest.raises(IllegalMove, match=f"{move} is no move from there; possible: accept"):
        moved(store, case, actor, Order(move, "because", {"unit": "squad-1", "into": "x", "from": "x"}))
    assert store.case(case.id) == case or store.case(case.id).version == 1


def test_each_move_is_for_its_own_people(store: Store) -> None:
    case = reported(store)
    for actor in (BOX, SQUAD, CITIZEN, SYSTEM):
        with pytest.raises(NotYours, match="it is for duty, review"):
            moved(store, case, actor, Order(Move.CONFIRM))


@pytest.mark.parametrize(
    ("order", "problem"),
    [
        (Order(Move.DISMISS), "data.verdict_reason is missing"),
        (Order(Move.DISMISS, data={"verdict_reason": "mood"}), "must be one of not_a_violation"),
        (Order(Move.CANNOT_TELL), "reason is missing"),
        (Order(Move.MERGE, data={"into": "SP-2026-999999"}), "no other case"),
    ],
)
def test_a_move_says_what_it_lacks(store: Store, order: Order, problem: str) -> None:
    with pytest.raises(MoveIncomplete) as refused:
        moved(store, reported(store), DUTY, order)
    assert problem in str(refused.value.problems)


def test_a_unit_that_is_not_in_the_list_gets_nothing(store: Store) -> None:
    case = moved(store, reported(store), DUTY, Order(Move.ACCEPT))
    with pytest.raises(MoveIncomplete) as refused:
        moved(store, case, DUTY, Order(Move.DISPATCH, data={"unit": "squad-99"}))
    assert "no unit 'squad-99'" in str(refused.value.problems)


def handled(store: Store) -> Any:
    """A case in the hands of squad-1, with squad-2 beside it."""
    case = moved(store, reported(store), DUTY, Order(Move.ACCEPT))
    case = moved(store, case, DUTY, TO_SQUAD)
    case = moved(store, case, DUTY, Order(Move.ADD_UNIT, data={"unit": "squad-2"}))
    return moved(store, case, SQUAD, Order(Move.HANDLE))


def test_a_case_of_several_units_is_done_when_all_have_done_their_part(store: Store) -> None:
    case = handled(store)
    with pytest.raises(MoveIncomplete) as refused:
        moved(store, case, SQUAD, CLEARED)
    assert refused.value.problems == ("squad-2 has not done its part yet",)
    case = moved(store, case, OTHERS, Order(Move.PART_DONE))
    case = moved(store, case, SQUAD, CLEARED)
    case = moved(store, case, ANNA, Order(Move.CHECK_NOT_PASS, "still there"))
    with pytest.raises(MoveIncomplete):  # found wanting: everybody's part is to be done again
        moved(store, case, SQUAD, CLEARED)


def test_another_unit_may_not_handle_it(store: Store) -> None:
    case = handled(store)
    with pytest.raises(NotYours, match="the case is with squad-1"):
        moved(store, case, OTHERS, Order(Move.SEND_BACK, "not our street"))
    back = moved(store, case, SQUAD, Order(Move.SEND_BACK, "not our street"))
    assert back.state is CaseState.ACCEPTED and back.unit is None


def test_it_is_escalated_three_times_and_never_a_fourth(store: Store) -> None:
    case = moved(store, reported(store), DUTY, Order(Move.ACCEPT))
    for level in (1, 2, 3):
        case = moved(store, case, SYSTEM, Order(Move.ESCALATE, "overdue"))
        assert case.escalation == level
    with pytest.raises(MoveIncomplete):
        moved(store, case, SYSTEM, Order(Move.ESCALATE, "overdue"))


PENALTY = Order(Move.PENALTY, "obstructs the gate")


def confirmed_twice(store: Store, **changes: Any) -> Any:
    """A case that two people have confirmed."""
    return moved(store, moved(store, reported(store, **changes), ANNA, Order(Move.CONFIRM)), BO, Order(Move.CONFIRM))


def test_penalty_needs_two_people_a_complete_packet_a_live_zone_and_an_approved_camera(store: Store) -> None:
    assert moved(store, confirmed_twice(store), DUTY, PENALTY).track is Track.PENALTY


@pytest.mark.parametrize(
    ("changes", "rules", "problem"),
    [
        ({"sufficiency": {"verdict": "incomplete"}}, APPROVED, "packet is not complete"),
        ({"sufficiency": None}, APPROVED, "packet is not complete"),
        ({"phase": "warning"}, APPROVED, "phase warning"),
        ({}, CaseRules(), "no approval number"),
    ],
)
def test_penalty_is_refused_for_each_thing_that_is_missing(
    store: Store, changes: dict[str, Any], rules: CaseRules, problem: str
) -> None:
    case = confirmed_twice(store, **changes)
    with pytest.raises(MoveIncomplete) as refused:
        moved(store, case, DUTY, PENALTY, rules)
    assert len(refused.value.problems) == 1 and problem in refused.value.problems[0]
    assert store.case(case.id).track is Track.CLEAN_UP


def test_one_person_twice_is_not_two_people(store: Store) -> None:
    case = reported(store)
    for _ in range(3):
        case = moved(store, case, ANNA, Order(Move.CONFIRM))
    with pytest.raises(MoveIncomplete) as refused:
        moved(store, case, DUTY, PENALTY)
    assert "2 people have to confirm it, 1 did: anna" in refused.value.problems


def test_verdicts_from_before_a_reopening_do_not_count(store: Store) -> None:
    case = confirmed_twice(store)
    case = moved(store, case, BO, Order(Move.DISMISS, data={"verdict_reason": "permitted"}))
    case = moved(store, case, DUTY, Order(Move.REOPEN, "permit had ended"))
    case = moved(store, case, ANNA, Order(Move.CONFIRM))
    with pytest.raises(MoveIncomplete):
        moved(store, case, DUTY, PENALTY)


def test_nobody_is_penalised_on_a_clean_up_case(store: Store) -> None:
    case = moved(store, handled(store), OTHERS, Order(Move.PART_DONE))
    with pytest.raises(MoveIncomplete) as refused:
        moved(store, case, SQUAD, Order(Move.FEED_BACK, data={"outcome": "penalised"}))
    assert "not in the penalty track" in refused.value.problems[0]


def test_a_penalty_case_is_never_moved_without_a_person(store: Store) -> None:
    case = moved(store, confirmed_twice(store), DUTY, PENALTY)
    with pytest.raises(MoveIncomplete):
        moved(store, case, SYSTEM, Order(Move.ACCEPT))
    assert moved(store, case, DUTY, Order(Move.ACCEPT)).track is Track.PENALTY


ACTORS = (ANNA, BO, DUTY, SQUAD, OTHERS, BOX, CITIZEN, SYSTEM)
LEGAL = {(old, move, new) for move, step in MOVES.items() for old, new in step.leads.items()}
DATA = st.fixed_dictionaries(
    {},
    optional={
        "unit": st.sampled_from(["squad-1", "squad-2", "gone"]),
        "verdict_reason": st.sampled_from(["permitted", "duplicate", "mood"]),
        "outcome": st.sampled_from(["cleared", "penalised"]),
        "into": st.sampled_from(["SP-2026-000001", "SP-2026-000002"]),
        "from": st.just("SP-2026-000002"),
    },
)
STEPS = st.lists(
    st.tuples(
        st.integers(1, 2), st.sampled_from(ACTORS), st.sampled_from(Move), st.sampled_from(["", "why"]), DATA,
        st.integers(0, 2),
    ),
    max_size=40,
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_any_interleaving_leaves_cases_where_the_table_leads_with_a_complete_log(
    steps: list[tuple[int, Actor, Move, str, dict[str, str], int]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        for number in (1, 2):
            reported(store, number)
        made = {"SP-2026-000001": 1, "SP-2026-000002": 1}
        for number, actor, move, reason, data, behind in steps:
            case = store.case(f"SP-2026-{number:06d}")
            try:  # some have looked a while ago
                after = store.move_case(
                    case.id,
                    Order(move, reason, data),
                    actor,
                    rules=APPROVED,
                    expected=case.version - behind,
                    now=NOW,
                )
            except (IllegalMove, NotYours, MoveIncomplete, VersionChanged):
                assert store.case(case.id) == case
                continue
            assert behind == 0 and (case.state, move, after.state) in LEGAL and actor.role in MOVES[move].by
            made[case.id] += 1
            if move is Move.MERGE:
                made[data["into"]] += 1
            elif move is Move.UNMERGE:
                made[str(case.merged_into)] += 1
        for case_id, versions in made.items():
            complete_log(store, case_id, versions)
        store.close()


def complete_log(store: Store, case_id: str, versions: int) -> None:
    """Every move is there, each leads on from the one before, and the case is where the last one led."""
    case = store.case(case_id)
    assert [e.version for e in case.history] == list(range(1, versions + 1)) and case.version == versions
    assert case.history[0].move == Move.REPORT and case.state is case.history[-1].state
    for before, event in zip(case.history, case.history[1:], strict=False):
        assert (before.state, Move(event.move), event.state) in LEGAL
    if case.track is Track.PENALTY:
        people = {e.actor for e in case.history if e.move == Move.CONFIRM and e.role in (Role.REVIEW, Role.DUTY)}
        assert len(people) >= 2


def test_there_is_no_move_on_a_case_that_is_not_there(store: Store) -> None:
    with pytest.raises(NoSuchCase):
        store.move_case("SP-2026-000009", Order(Move.CONFIRM), ANNA, rules=APPROVED, expected=1, now=NOW)
