"""How patient the rules are: one table, in seconds of media time, the same at every rate of looking."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """All in seconds, but for `least_side_px`.

    Attributes:
        settle_s: a box that stayed at about the same place for this long has come to a stand.
        switch_s: a thing that lost its track and got a new one within this time at the same place has not moved.
        max_gap_s: the longest stretch between two proofs that still counts as stay, and the longest time that a thing
            without any proof may go undetected before it is gone.
        cover_s: a candidate whose stillness was not proven for this long is dropped.
        moved_s: how long the pixels must say "moved" before it is believed.
        moved_seen_s: the same while the detector still sees a thing in the very same box.
        return_s: a thing that is back at its place this soon after it left is the same story.
        seal_after_s: the packet is made this long after the verdict.
        keep_every_s: how often a candidate's stay is stored, so that a restart loses no more than that.
        least_side_px: a box with a shorter side than this is suspected of nothing: so few pixels cannot prove that
            a thing stood still (a far car that drives towards the camera, and a sign, did).

    Raises:
        ValueError: a figure that is not positive.
    """

    settle_s: float = 1.5
    switch_s: float = 3.0
    max_gap_s: float = 15.0
    cover_s: float = 60.0
    moved_s: float = 1.0
    moved_seen_s: float = 5.0
    return_s: float = 120.0
    seal_after_s: float = 10.0
    keep_every_s: float = 5.0
    least_side_px: float = 16.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")


TICK_S = 0.05
"""Timestamps are rounded to their time base: one second is sometimes 0.96 s."""
