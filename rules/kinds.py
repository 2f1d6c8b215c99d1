"""What kinds of zones there are: a table of data, so that a new kind is a row and never a branch in a rule.

A kind names the rule that judges it, the incident that the rule raises, and what holds where a zone does not say
otherwise. Permitted kinds have the rule `permit`: they raise nothing and suppress the incident they name. A site adds
rows of its own in `[kinds.NAME]` of site.toml.

Default stays: docs of the bureaus ask for at least 180 s between the first and the last picture of a parked vehicle
and 120 s for a stall (source: unverified). Codes are those of the two-digit event categories; a city may have others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

MOTOR_VEHICLES = ("car", "truck", "bus")
TWO_WHEELERS = frozenset({"bicycle", "motorcycle", "e-bike"})
STALLS = ("vendor_stall",)
WASTE = ("garbage", "overflow")

STANDING, VENDING, DUMPING, PERMIT = "standing", "vending", "dumping", "permit"
RULES = frozenset({STANDING, VENDING, DUMPING, PERMIT})


@dataclass(frozen=True, slots=True)
class ZoneKind:
    """One row of the table.

    Attributes:
        name: as a zone's `kind` has it.
        rule: which rule judges it, one of `RULES`.
        incident: the kind of incident that the rule raises, or that a permit suppresses.
        classes: the detector's classes it is about, unless the zone names its own.
        dwell_s: the stay that makes a violation, seconds, unless the zone names its own.
        category: event code for dispatch; empty for permits.

    Raises:
        ValueError: an unknown rule, no class, or a stay that is negative or not finite.
    """

    name: str
    rule: str
    incident: str
    classes: tuple[str, ...]
    dwell_s: float
    category: str = ""

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise ValueError(f"kind {self.name}: rule must be one of {', '.join(sorted(RULES))}, got {self.rule!r}")
        if not self.classes:
            raise ValueError(f"kind {self.name}: needs at least one class, got none")
        if not 0 <= self.dwell_s < float("inf"):
            raise ValueError(f"kind {self.name}: dwell_s must be 0 or more seconds, got {self.dwell_s}")

    @property
    def permits(self) -> bool:
        """Whether it allows instead of forbidding."""
        return self.rule == PERMIT


KINDS: Mapping[str, ZoneKind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            ZoneKind("no_parking", STANDING, "illegal_parking", MOTOR_VEHICLES, 180.0, "0505"),
            ZoneKind("keep_clear", STANDING, "illegal_parking", MOTOR_VEHICLES, 60.0, "0505"),
            ZoneKind("no_vending", VENDING, "street_vending", STALLS, 120.0, "0501"),
            ZoneKind("no_dumping", DUMPING, "dumped_waste", WASTE, 30.0, "0102"),
            ZoneKind("permitted_parking", PERMIT, "illegal_parking", MOTOR_VEHICLES, 0.0),
            ZoneKind("permitted_vending", PERMIT, "street_vending", STALLS, 0.0),
            ZoneKind("permitted_dumping", PERMIT, "dumped_waste", WASTE, 0.0),
        )
    }
)
