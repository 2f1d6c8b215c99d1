from itertools import permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from detector.assignment import assign

TABLES = arrays(
    np.float64,
    st.tuples(st.integers(1, 5), st.integers(1, 5)),
    elements=st.one_of(st.just(0.0), st.floats(0.05, 1.0), st.sampled_from([0.25, 0.5])),
)


def best_total(gain: NDArray[np.float64]) -> float:
    """By trying everything; a pair without gain counts as none."""
    wide = gain if gain.shape[0] <= gain.shape[1] else gain.T
    rows = range(wide.shape[0])
    totals = (
        sum(float(wide[r, c]) for r, c in zip(rows, columns, strict=True))
        for columns in permutations(range(wide.shape[1]), len(rows))
    )
    return max(totals)


@given(TABLES)
def test_no_other_pairing_gains_more(gain: NDArray[np.float64]) -> None:
    rows, columns = assign(gain)
    assert len(set(rows.tolist())) == len(rows) == len(set(columns.tolist()))
    assert (gain[rows, columns] > 0).all()
    assert abs(gain[rows, columns].sum() - best_total(gain)) < 1e-6


def test_the_second_best_is_taken_where_both_then_find_a_partner() -> None:
    rows, columns = assign(np.array([[0.8, 0.75], [0.75, 0.0]]))
    assert (rows.tolist(), columns.tolist()) == ([0, 1], [1, 0])


def test_nothing_to_pair_gives_no_pairs() -> None:
    assert assign(np.zeros((0, 3)))[0].size == 0
    assert assign(np.zeros((3, 2)))[1].size == 0
