"""`event.json`: everything that is known about an incident, as canonical JSON (RFC 8785) under a published schema."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from numbers import Real
from pathlib import Path
from typing import Any

import rfc8785

from evidence.clip import ClipFacts
from evidence.finding import Finding
from evidence.overlay import subject_of
from evidence.stills import Still, Stills
from evidence.sufficiency import clip_shortfalls, minimum, shortfalls, table_source, track
from evidence.timestamps import clock_data, utc_text

SCHEMA_NAME = "street-patrol/event"
SCHEMA_VERSION = 1
SCHEMA_FILE = Path(__file__).with_name("event.schema.json")


def moments(finding: Finding) -> dict[str, float]:
    """The moments of which pictures are taken, by name, media time in seconds."""
    begin = finding.incident.started.media_s
    verdict = (finding.incident.raised or finding.incident.last_seen).media_s
    named = {"before": finding.clip_s[0], "arrival": begin, "middle": (begin + verdict) / 2, "verdict": verdict}
    from_table = minimum(finding.incident.kind).moments
    return {name: at for name, at in named.items() if name in from_table}


def event(finding: Finding, clip: ClipFacts, stills: Stills, sealed_at: datetime) -> dict[str, object]:
    """The facts of a packet as JSON values, as `event.schema.json` describes them.

    Args:
        finding: what was found.
        clip: what the clip really holds.
        stills: what pictures there are.
        sealed_at: the box's time of sealing, UTC.
    """
    incident = finding.incident
    missing = shortfalls(finding, clip, stills)
    of_track, why_not = track(finding, missing)
    return {
        "schema": SCHEMA_NAME,
        "schema_version": SCHEMA_VERSION,
        "incident": incident.id,
        "kind": incident.kind,
        "class": incident.class_name,
        "camera": incident.camera,
        "phase": str(incident.phase),
        "score": incident.score,
        "tracks": sorted({t.id for look in finding.looks if (t := subject_of(look, incident.box_px)) is not None}),
        "dwell_s": incident.dwell_s,
        "zone": finding.zone,
        "times": _times(finding, sealed_at),
        "size_px": finding.size_px,
        "box_px": incident.box_px,
        "position": _position(finding),
        "reference_px": finding.reference_px,
        "approval": _approval(finding),
        "trace": [{"code": r.code, "data": r.data, "en": r.en, "zh": r.zh} for r in incident.trace],
        "clip": _clip(finding, clip),
        "stills": [_still(still) for still in stills.taken],
        "stills_missing": [{"moment": m.moment, "view": m.view, "en": m.en, "zh": m.zh} for m in stills.missing],
        "overlay": "data/overlay.json",
        "provenance": _provenance(finding),
        "sufficiency": {
            "verdict": "incomplete" if missing else "complete",
            "missing": [{"code": m.code, "en": m.en, "zh": m.zh} for m in missing],
            "source": table_source(),
            "track": of_track,
            "track_missing": [{"code": m.code, "en": m.en, "zh": m.zh} for m in why_not],
        },
    }


def canonical(value: object) -> bytes:
    """A JSON value in the one form that RFC 8785 gives it.

    Raises:
        ValueError: something in it is no JSON value: a NaN, a date, an integer beyond 2^53.
    """
    try:
        return rfc8785.dumps(_plain(value))
    except rfc8785.CanonicalizationError as error:
        raise ValueError(f"not a JSON value: {error}") from error


def _plain(value: object) -> Any:
    """Mappings, sequences and NumPy's numbers as the plain types that the library knows."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Real):
        return float(value)
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (Sequence, set, frozenset)) and not isinstance(value, (bytes, bytearray)):
        return [_plain(v) for v in (sorted(value) if isinstance(value, (set, frozenset)) else value)]
    raise ValueError(f"not a JSON value: {value!r}")


def _times(finding: Finding, sealed_at: datetime) -> dict[str, object]:
    incident = finding.incident
    return {
        "started": clock_data(incident.started),
        "raised": clock_data(incident.raised or incident.last_seen),
        "ended": clock_data(incident.ended) if incident.ended is not None else None,
        # The box's own clock: nobody vouched for it, so no bound on its error is claimed.
        "sealed": {
            "captured_at": utc_text(sealed_at),
            "source": "box",
            "error_s": None,
            "epoch": None,
            "media_s": None,
        },
    }


def _position(finding: Finding) -> dict[str, object] | None:
    at = finding.position
    return None if at is None else {"lat": at.lat, "lon": at.lon, "error_m": at.error_m}


def _approval(finding: Finding) -> dict[str, object] | None:
    had = finding.papers
    if had is None:
        return None
    return {
        "number": had.number,
        "calibrated": had.calibrated.isoformat(),
        "sign": had.sign,
        "published": had.published,
    }


def _clip(finding: Finding, clip: ClipFacts) -> dict[str, object]:
    got = None if clip.first_s is None else {"from_s": clip.first_s, "to_s": clip.last_s}
    return {
        "asked": {"from_s": finding.clip_s[0], "to_s": finding.clip_s[1]},
        "got": got,
        "files": [
            {
                "path": f"data/{file.name}",
                "codec": file.codec,
                "size_px": file.size_px,
                "frames": len(file.pictures),
                "from_s": file.first_s,
                "to_s": file.last_s,
            }
            for file in clip.files
        ],
        "gaps": [{"from_s": begin, "to_s": end} for begin, end in clip.gaps],
        "sampled": _range(finding.sampled_s),
        "missing": [{"code": m.code, "en": m.en, "zh": m.zh} for m in clip_shortfalls(finding, clip)],
    }


def _range(range_s: tuple[float, float] | None) -> dict[str, float] | None:
    return None if range_s is None else {"from_s": range_s[0], "to_s": range_s[1]}


def _still(still: Still) -> dict[str, object]:
    return {
        "path": f"data/{still.name}",
        "moment": still.moment,
        "view": still.view,
        "wanted_s": still.wanted_s,
        "size_px": still.size_px,
        "box_px": [round(v, 2) for v in still.box_px],
        **clock_data(still.clock),
    }


def _provenance(finding: Finding) -> dict[str, object]:
    made = finding.provenance
    return {
        "site": made.site,
        "site_sha256": made.site_sha256,
        "files_sha256": made.files_sha256,
        "rules_version": made.rules_version,
        "models": [{"name": m.name, "version": m.version, "sha256": m.sha256} for m in made.models],
        "software": made.software,
    }
