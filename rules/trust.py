"""How far a rule's verdicts are trusted: overturned too often, it falls back to `shadow` by itself.

A rule or a camera keeps its phase while people uphold its verdicts. When enough of them were judged and too many were
overturned, its zones are counted only, as if they were in phase `shadow`, until a person puts them back: nothing rises
by itself, because verdicts in shadow are judged by nobody. A zone that is in shadow already stays there.

The figures come from the verdicts of people on cases; which cases they are of (one rule at one camera, the newest so
many) is for the caller to say.
"""

from dataclasses import dataclass

from rules.incident import Phase, Reason


@dataclass(frozen=True, slots=True)
class Figures:
    """What people said of a rule's newest verdicts.

    Attributes:
        upheld, overturned: cases that a person confirmed, and that a person dismissed as no violation.

    Raises:
        ValueError: a negative number.
    """

    upheld: int
    overturned: int

    def __post_init__(self) -> None:
        if self.upheld < 0 or self.overturned < 0:
            raise ValueError(f"figures must be 0 or more, got {self.upheld} upheld and {self.overturned} overturned")

    @property
    def judged(self) -> int:
        """Cases that a person decided."""
        return self.upheld + self.overturned


@dataclass(frozen=True, slots=True)
class Trust:
    """When a rule is trusted no more.

    Attributes:
        least_judged: fewer verdicts than this say nothing.
        most_overturned: share from which too many were wrong, 0 to 1 (source: unverified; a bureau sets its own).

    Raises:
        ValueError: a figure out of its range.
    """

    least_judged: int = 20
    most_overturned: float = 0.2

    def __post_init__(self) -> None:
        if self.least_judged < 1 or not 0 < self.most_overturned <= 1:
            raise ValueError(
                f"least_judged must be 1 or more and most_overturned above 0 and up to 1, got {self.least_judged} "
                f"and {self.most_overturned}"
            )


def phase_after(phase: Phase, figures: Figures, trust: Trust | None = None) -> tuple[Phase, Reason | None]:
    """The phase that a zone's verdicts carry from now on, and why where it is another one than before."""
    limits = trust or Trust()
    if phase is Phase.SHADOW or figures.judged < limits.least_judged:
        return phase, None
    share = figures.overturned / figures.judged
    if share < limits.most_overturned:
        return phase, None
    data = {"upheld": figures.upheld, "overturned": figures.overturned, "most_overturned": limits.most_overturned}
    en = f"{figures.overturned} of {figures.judged} verdicts were overturned: back to shadow"
    return Phase.SHADOW, Reason("fall_back", data, en, f"{figures.judged}件中{figures.overturned}件被否定：退回试运行")
