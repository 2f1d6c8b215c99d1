"""A table of cases for each sentence of `rules/trust.py`."""

import pytest

from rules.incident import Phase
from rules.trust import Figures, Trust, phase_after


@pytest.mark.parametrize(
    ("phase", "upheld", "overturned", "after"),
    [
        (Phase.LIVE, 100, 0, Phase.LIVE),
        (Phase.LIVE, 81, 19, Phase.LIVE),
        (Phase.LIVE, 80, 20, Phase.SHADOW),
        (Phase.WARNING, 0, 20, Phase.SHADOW),
        (Phase.LIVE, 0, 19, Phase.LIVE),  # too few to say anything
        (Phase.LIVE, 0, 0, Phase.LIVE),
        (Phase.SHADOW, 1000, 0, Phase.SHADOW),  # nothing rises by itself
    ],
)
def test_a_rule_that_is_overturned_too_often_falls_back(
    phase: Phase, upheld: int, overturned: int, after: Phase
) -> None:
    found, why = phase_after(phase, Figures(upheld, overturned))
    assert found is after
    assert (why is not None) == (after is not phase)


def test_the_reason_names_the_figures_in_both_languages() -> None:
    _, why = phase_after(Phase.LIVE, Figures(10, 10))
    assert why
    assert why.en == "10 of 20 verdicts were overturned: back to shadow"
    assert "20件中10件" in why.zh


def test_a_bureau_sets_its_own_limits() -> None:
    assert phase_after(Phase.LIVE, Figures(9, 1), Trust(least_judged=10, most_overturned=0.1))[0] is Phase.SHADOW


@pytest.mark.parametrize("figures", [(-1, 0), (0, -1)])
def test_figures_are_numbers_of_cases(figures: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="0 or more"):
        Figures(*figures)


@pytest.mark.parametrize("limits", [(0, 0.2), (20, 0.0), (20, 1.1)])
def test_limits_are_in_their_range(limits: tuple[int, float]) -> None:
    with pytest.raises(ValueError, match="least_judged must be 1 or more"):
        Trust(*limits)
