"""The box's memory: what is kept at each move, and what a kill leaves."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from api.incident_json import incident_from_json, incident_to_json
from api.incidents import SealedPacket
from api.outgoing import SendState
from api.store import Store
from rules.incident import IllegalMove, IncidentState
from tests.api.values import NOW, clock_at, incident, outgoing, packet


@given(
    media_s=st.floats(-1e9, 1e10, allow_nan=False),
    error_s=st.floats(0, 1e6),
    box=st.tuples(*[st.floats(-1e4, 1e5, allow_nan=False, width=32)] * 4),
    text=st.text(max_size=50),
    state=st.sampled_from(IncidentState),
)
def test_an_incident_comes_back_equal_from_its_json(
    media_s: float, error_s: float, box: tuple[float, float, float, float], text: str, state: IncidentState
) -> None:
    before = incident(1, state)
    clock = replace(before.started, media_s=media_s, error_s=error_s, epoch=3)
    reason = replace(before.trace[0], data={"words": text, "n": [1, 2.5, None]}, zh=text)
    before = replace(before, started=clock, ended=clock, box_px=box, trace=(reason, reason))
    stored = json.loads(json.dumps(incident_to_json(before)))
    assert incident_from_json(stored) == before


def test_a_restart_goes_on_with_what_has_work_left(store: Store) -> None:
    kept = {
        1: incident(1, IncidentState.CANDIDATE),
        2: incident(2, IncidentState.RAISED),
        3: incident(3, IncidentState.SEALED),
        4: replace(incident(4, IncidentState.SEALED), ended=clock_at(99)),
        5: incident(5, IncidentState.DROPPED),
        6: incident(6, IncidentState.CLOSED),
        7: replace(incident(7, IncidentState.RAISED), ended=clock_at(99)),
        8: replace(incident(8, IncidentState.CLOSED), ended=clock_at(99)),
    }
    for number in (7, 3, 1, 8, 5, 2, 6, 4):
        assert store.keep_incident(kept[number], NOW)
    assert store.open_incidents() == [one for one in kept.values() if one.is_open]
    assert [one.id for one in store.open_incidents()] == [kept[n].id for n in (1, 2, 3, 6, 7)]


def test_a_later_word_replaces_an_earlier_one(store: Store) -> None:
    store.keep_incident(incident(1, IncidentState.CANDIDATE), NOW)
    longer = replace(incident(1, IncidentState.CANDIDATE), dwell_s=99.0)
    store.keep_incident(longer, NOW)
    assert store.incident(longer.id) == longer


def test_a_stale_word_changes_nothing(store: Store) -> None:
    sealed = incident(1, IncidentState.SEALED)
    store.keep_incident(sealed, NOW)
    assert not store.keep_incident(incident(1, IncidentState.CANDIDATE), NOW)
    assert not store.keep_incident(incident(1, IncidentState.RAISED), NOW)
    assert store.incident(sealed.id) == sealed


def test_what_was_dropped_cannot_be_raised(store: Store) -> None:
    store.keep_incident(incident(1, IncidentState.DROPPED), NOW)
    with pytest.raises(IllegalMove):
        store.keep_incident(incident(1, IncidentState.RAISED), NOW)


def test_sealing_queues_the_case_in_the_same_breath(store: Store) -> None:
    raised = incident(1)
    store.keep_incident(raised, NOW)
    assert store.commit_sealed(raised, packet(1), [outgoing(1), outgoing(1, "city")], NOW) == packet(1)
    stored = store.incident(raised.id)
    assert stored is not None and stored.state is IncidentState.SEALED
    assert store.packet_of(raised.id) == packet(1)
    assert [item.outgoing.target for item in store.outbox(SendState.PENDING)] == ["own", "city"]


def test_sealing_again_after_a_kill_changes_nothing(store: Store) -> None:
    raised = incident(1)
    store.commit_sealed(raised, packet(1), [outgoing(1)], NOW)
    assert store.commit_sealed(raised, packet(2), [outgoing(1)], NOW) == packet(1)
    assert len(store.outbox()) == 1


def test_sealing_fails_whole(store: Store) -> None:
    raised = incident(1)
    store.keep_incident(raised, NOW)
    other = incident(2)
    store.commit_sealed(other, packet(1), [], NOW)
    with pytest.raises(IntegrityError):  # the digest belongs to another incident's packet
        store.commit_sealed(raised, packet(1), [outgoing(1)], NOW)
    assert store.incident(raised.id) == raised
    assert store.outbox() == []


def test_a_candidate_cannot_be_sealed(store: Store) -> None:
    with pytest.raises(IllegalMove):
        store.commit_sealed(incident(1, IncidentState.CANDIDATE), packet(1), [outgoing(1)], NOW)
    assert store.outbox() == []


def test_the_data_folder_may_be_moved(tmp_path: Path) -> None:
    store = Store(tmp_path / "before")
    inside = SealedPacket(store.folder / "packets" / "one", "a" * 64)
    store.commit_sealed(incident(1), inside, [outgoing(1, packet_path=inside.path)], NOW)
    store.close()
    (tmp_path / "before").rename(tmp_path / "after")
    moved = Store(tmp_path / "after")
    assert moved.packet_of(incident(1).id) == SealedPacket(tmp_path / "after" / "packets" / "one", "a" * 64)
    assert moved.outbox()[0].outgoing.packet_path == tmp_path / "after" / "packets" / "one"
    moved.close()


def test_a_digest_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="64 lower-case hex digits"):
        SealedPacket(Path("p"), "ABC")


@settings(max_examples=15, deadline=None)
@given(moves=st.lists(st.sampled_from(IncidentState), min_size=1, max_size=8))
def test_the_stored_state_only_ever_moves_forward(
    tmp_path_factory: pytest.TempPathFactory, moves: list[IncidentState]
) -> None:
    store = Store(tmp_path_factory.mktemp("store"))
    order = [IncidentState.CANDIDATE, IncidentState.RAISED, IncidentState.SEALED, IncidentState.CLOSED]
    furthest = moves[0]
    for state in moves:
        try:
            written = store.keep_incident(incident(1, state), NOW)
        except IllegalMove:
            assert IncidentState.DROPPED in (state, furthest)
            continue
        if written:
            assert IncidentState.DROPPED in (state, furthest) or order.index(state) >= order.index(furthest)
            furthest = state
    stored = store.incident(incident(1).id)
    store.close()
    assert stored is not None and stored.state is furthest
