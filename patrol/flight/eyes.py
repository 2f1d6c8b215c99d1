"""Which detectors look at footage from above, and how: the aerial models of the release, in tiles."""

from detector.detector import Detector
from detector.runtimes import choose
from detector.tiles import TiledDetector
from detector.yolo import YoloDetector
from models.registry import Registry
from patrol.site import Site

AERIAL = ("aerial-vehicles", "aerial-stalls")
_TILE_PX = 640


def eyes_of(site: Site) -> tuple[tuple[Detector, ...], tuple[str, ...]]:
    """The detectors for a site's flights, and what should be known about them."""
    registry, runtime = Registry.shipped(), choose()
    names = [name for name in AERIAL if name in registry.names]
    notes = []
    if not names:
        names = list(site.detectors)
        notes.append(
            f"this release has no aerial model: {', '.join(names)} look, which know things from the street and miss "
            "most of what is small or seen from straight above"
        )
    entries = {entry.name: entry for entry in map(registry.get, names)}
    eyes = [TiledDetector(YoloDetector.of(entry, runtime), entry.tile_px or _TILE_PX) for entry in entries.values()]
    return tuple(eyes), tuple(notes)
