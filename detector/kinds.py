"""Classes that a detector takes for one another: to a street they are one thing, whatever the network calls it today.

A van is `car` in one picture and `truck` in the next, sometimes both in the same one. Within a group one thing gets one
box, and a track goes on when its class flickers.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

SAME_THING: tuple[frozenset[str], ...] = (
    frozenset({"car", "truck", "bus", "vehicle"}),
    frozenset({"bicycle", "motorcycle"}),
    frozenset({"garbage", "garbage_bin", "overflow"}),
)


def groups(names: Sequence[str], same_thing: Sequence[frozenset[str]] = SAME_THING) -> NDArray[np.int64]:
    """A number for each class, shape (len(names),): equal for classes of one group, its own for any other.

    Raises:
        ValueError: a class stands in two groups.
    """
    member: Mapping[str, int] = {name: i for i, group in enumerate(same_thing) for name in group}
    if len(member) != sum(map(len, same_thing)):
        raise ValueError(f"a class may stand in one group only, got {[sorted(g) for g in same_thing]}")
    return np.array([member.get(name, len(same_thing) + i) for i, name in enumerate(names)], np.int64)
