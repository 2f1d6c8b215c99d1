"""Which models a site needs: what the kinds of its zones are about, and who is asked about the people around it."""

from collections.abc import Iterable, Mapping

from models.registry import ModelEntry, Registry
from patrol.site.errors import SiteError
from patrol.site.site import CameraSite
from rules.kinds import DUMPING, PERMIT, STANDING, VENDING
from rules.zone import Zone

_OBJECTS = "street-objects"

FOR_RULE: Mapping[str, tuple[str, ...]] = {
    STANDING: (_OBJECTS,),
    # Whoever sells, buys or dumps is a person or comes in a vehicle: the objects' model sees those.
    VENDING: ("street-stall", _OBJECTS),
    DUMPING: ("street-waste", _OBJECTS),
}
"""The models that a rule is judged with, by name; a name that was merged into another is an alias in the registry."""


def detectors_needed(cameras: Mapping[str, CameraSite], registry: Registry) -> tuple[str, ...]:
    """The models for the zones of a site, each once; the objects' model where there is nothing to judge."""
    zones = [zone for zone in _zones(cameras) if zone.kind.rule != PERMIT]
    known = [name for zone in zones for name in FOR_RULE[zone.kind.rule] if name in registry.names]
    wanted = {registry.get(name).name: None for name in known}
    for zone in zones:
        for entry in _for_own_classes(zone, wanted, registry):
            wanted[entry.name] = None
    return tuple(wanted) or (next(iter(registry)).name,)


def missing_models(cameras: Mapping[str, CameraSite], registry: Registry) -> list[SiteError]:
    """A note for each kind of zone whose model this release lacks: the zone is drawn, and nothing of it is seen."""
    notes: dict[tuple[str, str], SiteError] = {}
    for camera in cameras.values():
        for zone in camera.rules.zones:
            for name in FOR_RULE.get(zone.kind.rule, ()):
                if name not in registry.names and (zone.kind.name, name) not in notes:
                    what = f"zones of kind {zone.kind.name} need the model {name}, which this release does not have"
                    do = "what it would see raises nothing; install a release with it, or name detectors in site.toml"
                    notes[zone.kind.name, name] = SiteError(f"cameras/{camera.id}.toml", 1, what, do)
    return list(notes.values())


def _for_own_classes(zone: Zone, wanted: Iterable[str], registry: Registry) -> list[ModelEntry]:
    """Models for classes that a zone names and none of the wanted models finds, the first of the registry first."""
    found = {name for model in wanted for name in registry.get(model).classes}
    more = []
    for entry in registry:
        # Models of pictures from above see large pictures in tiles; a street camera's is none.
        if entry.tile_px is None and (zone.classes - found) & set(entry.classes):
            more.append(entry)
            found |= set(entry.classes)
    return more


def _zones(cameras: Mapping[str, CameraSite]) -> list[Zone]:
    return [zone for camera in cameras.values() for zone in camera.rules.zones]
