"""Same thing, one case; and figures that any recomputation gives again."""

import csv
import io
from datetime import timedelta

import pytest

from api.cases import Case, Place
from api.moves import CaseState, Move, Order
from api.sameness import metres, repeats
from api.store import Store
from api.tokens import TokenScope
from tests.api.reports import ANNA, BOX, DUTY, SQUAD, event, filed, moved
from tests.api.serving import Service
from tests.api.test_open311 import form, post
from tests.api.values import NOW

METRE = 1 / 111_195.0


def seen(store: Store, number: int, camera: str, metres_off: float = 0.0, minutes: float = 0.0) -> Case:
    """A report of a car some metres north of the gate, some minutes later."""
    moment = NOW + timedelta(minutes=minutes)
    report = filed(number, camera=camera, at=moment)
    return store.file_report(
        report, key=f"key-{number:06d}", event=event(24.5 + metres_off * METRE), source=BOX, now=moment
    )[0]


def test_two_cameras_that_see_one_car_make_one_case(store: Store) -> None:
    first, second = seen(store, 1, "cam-1"), seen(store, 2, "cam-2", 5.0, 3.0)
    assert (second.state, second.merged_into) == (CaseState.MERGED, first.id)
    joined = store.case(first.id)
    assert joined.state is CaseState.REPORTED and joined.history[-1].data == {"from": second.id}


@pytest.mark.parametrize(
    ("camera", "off", "minutes"), [("cam-1", 1.0, 1.0), ("cam-2", 30.0, 1.0), ("cam-2", 1.0, 45.0)]
)
def test_one_cameras_own_things_and_what_is_far_or_later_stay_apart(
    store: Store, camera: str, off: float, minutes: float
) -> None:
    seen(store, 1, "cam-1")
    assert seen(store, 2, camera, off, minutes).state is CaseState.REPORTED


def test_a_wrong_merge_is_undone_on_both_sides(store: Store) -> None:
    first, second = seen(store, 1, "cam-1"), seen(store, 2, "cam-2")
    parted = moved(store, second, DUTY, Order(Move.UNMERGE, "two cars"))
    assert parted.state is CaseState.REPORTED and parted.merged_into is None
    assert [e.move for e in store.case(first.id).history] == ["report", "join", "part"]
    assert [e.move for e in parted.history] == ["report", "merge", "unmerge"]


def test_a_citizen_and_a_camera_meet_in_one_case_and_the_citizen_hears_of_it(served: Service) -> None:
    camera = served.store.file_report(filed(1), key="key-000001", event=event(24.4798), source=BOX, now=NOW)[0]
    request_id = post(served, form(served)).json()[0]["service_request_id"]
    assert served.store.case(request_id).merged_into == camera.id
    order = Order(Move.DISMISS, data={"verdict_reason": "already_gone"})
    moved(served.store, served.store.case(camera.id), DUTY, order)
    (shown,) = served.browser().get(f"/open311/v2/requests/{request_id}.json").json()
    assert shown["status"] == "closed"


def test_a_camera_takes_in_what_a_citizen_reported_before_it(served: Service) -> None:
    request_id = post(served, form(served)).json()[0]["service_request_id"]
    other_id = post(served, form(served)).json()[0]["service_request_id"]
    assert served.store.case(other_id).state is CaseState.REPORTED  # two citizens are two until a person joins them
    camera = served.store.file_report(filed(1), key="key-000001", event=event(24.4798), source=BOX, now=NOW)[0]
    assert camera.state is CaseState.REPORTED and camera.history[-1].move == "join"
    assert served.store.case(request_id).merged_into == camera.id


def test_a_spot_with_several_cases_is_known(store: Store) -> None:
    for number in range(1, 4):
        seen(store, number, "cam-1", minutes=60.0 * number)
    with store.database.reading() as session:
        here = Place(24.5, 118.0894, 2.0)
        assert repeats(session, here, "0505", NOW, NOW + timedelta(days=1)) == 3
        assert repeats(session, Place(24.6, 118.0894, 2.0), "0505", NOW, NOW + timedelta(days=1)) == 0
    assert abs(metres(Place(24.5, 118.0, 0), Place(24.5, 118.0 + METRE * 100, 0)) - 91.0) < 0.5


def test_figures_are_those_counted_by_hand_and_come_out_again(served: Service) -> None:
    store = served.store
    done = seen(store, 1, "cam-1")
    for actor, order in (
        (ANNA, Order(Move.CONFIRM)),
        (DUTY, Order(Move.ACCEPT)),
        (DUTY, Order(Move.DISPATCH, data={"unit": "squad-1"})),
        (SQUAD, Order(Move.HANDLE)),
        (SQUAD, Order(Move.FEED_BACK, data={"outcome": "persuaded_away"})),
        (ANNA, Order(Move.CHECK_PASS)),
        (DUTY, Order(Move.CLOSE)),
    ):
        done = moved(store, done, actor, order)
    sent_back = seen(store, 2, "cam-1")
    for actor, order in (
        (DUTY, Order(Move.ACCEPT)),
        (DUTY, Order(Move.DISPATCH, data={"unit": "squad-1"})),
        (SQUAD, Order(Move.SEND_BACK, "not ours")),
        (DUTY, Order(Move.ESCALATE, "nobody wants it")),
    ):
        sent_back = moved(store, sent_back, actor, order)
    seen(store, 3, "cam-3", 1.0)  # the same car once more: reported, and nothing else
    asked = "since=2026-11-01T00:00:00Z&until=2026-12-01T00:00:00Z"
    reader = served.client(TokenScope.READ)
    (row,) = reader.get(f"/api/v1/figures?{asked}").json()["rows"].values()
    assert row == {
        "report": 3, "accept": 2, "register": 2, "dispatch": 2, "dispose": 1, "archive": 1,
        "inTimeArchiveRate": 0.5, "archiveRate": 0.5, "disposeRate": 0.5, "inTimeRegisterRate": 1.0,
        "accurDispatchRate": 0.5, "avgHandleTime": 0.0, "rework_count": 0, "repeat_rate": 0.5, "timeout_count": 1,
        "persuaded_away_rate": 1.0,
    }  # fmt: skip
    text = reader.get(f"/api/v1/figures.csv?by=unit&{asked}").text
    lines = list(csv.DictReader(io.StringIO(text)))
    assert {line["unit"] for line in lines} == {"squad-1", ""} and lines[1]["archiveRate"] == "0.5"
    assert reader.get(f"/api/v1/figures?{asked}").json()["rows"] == {"all": row}
