"""A vehicle that stands where it may not, for longer than it may.

A vehicle that came to a stand with its ground point in a zone, while the zone's hours hold and no permitted zone
allows it, is a candidate. From then on its pixels are asked whether it stands still. While they say so its stay
counts; it is raised when the stay reaches the zone's `dwell_s`. A candidate is dropped when it moves, is gone, cannot
be proven, stands in a permitted zone after all, or when the hours end: separate visits are never summed, and time
under a permit or outside the hours never counts.

A raised incident stays one story: through lost and switched tracks, through passers-by, over gaps and restarts, as
long as the thing stands there. It has ended when the pixels say that it moved, or when nothing shows it any more.
A vehicle that is back at its very place within `return_s` continues the story; another vehicle at the same place is
a new one.

How a stay is proven and counted is in `rules/stay.py`.
"""

from typing import ClassVar

from rules.kinds import STANDING
from rules.stay import StayRule


class ParkingRule(StayRule):
    """Judges zones whose kind has the rule `standing`: vehicles, or whatever classes they name."""

    rule: ClassVar[str] = STANDING
