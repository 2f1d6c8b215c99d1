"""site.toml and calendar.toml: what holds for the whole site."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from models.registry import Registry
from patrol.site.days import calendar_of, seed
from patrol.site.evidence import evidence_of, retention_of
from patrol.site.files import Folder
from patrol.site.lines import Lines
from patrol.site.passwords import holds_password
from patrol.site.schema import SiteFile, read_as
from patrol.site.site import DispatchTarget, EvidenceSite, Retention
from rules.calendar import Calendar
from rules.kinds import KINDS, ZoneKind

FILE = "site.toml"


@dataclass(frozen=True, slots=True)
class Head:
    """What site.toml says, checked; where something in it is wrong, something harmless to go on reading with."""

    keys: SiteFile | None
    timezone: ZoneInfo
    kinds: Mapping[str, ZoneKind]
    dispatch: tuple[DispatchTarget, ...]
    retention: Retention
    evidence: EvidenceSite


def read_head(folder: Folder, registry: Registry) -> Head:
    """Read site.toml; what is wrong with it is noted in the folder."""
    read = _read(folder)
    if read is None:
        return Head(None, ZoneInfo("UTC"), KINDS, (), Retention(15), EvidenceSite())
    keys, lines = read
    if unknown := sorted(set(keys.detectors or ()) - set(registry.names)):
        do = f"use some of {', '.join(registry.names)}"
        folder.error(FILE, lines.of(("detectors",)), f"unknown detector {', '.join(unknown)}", do)
    return Head(
        keys,
        ZoneInfo(keys.timezone),
        _kinds(folder, keys, lines),
        _dispatch(folder, keys, lines),
        retention_of(keys),
        evidence_of(folder, keys, lines),
    )


def read_calendar(folder: Folder, country: str) -> Calendar:
    """The site's calendar, or the shipped one where it has none."""
    read = folder.toml("calendar.toml")
    if read is None:
        return seed(country)
    calendar, errors = calendar_of(read[0], "calendar.toml", read[1])
    folder.errors += errors
    return calendar


def _read(folder: Folder) -> tuple[SiteFile, Lines] | None:
    if not folder.path.is_dir():
        folder.error(FILE, 1, f"{folder.path.name} is no folder", "name the folder that holds site.toml")
        return None
    read = folder.toml(FILE)
    if read is None:
        if not folder.errors:
            do = 'write one: name = "...", timezone = "Asia/Shanghai", country = "CN"'
            folder.error(FILE, 1, "site.toml is missing", do)
        return None
    table, lines = read
    keys, errors = read_as(SiteFile, table, FILE, lines)
    folder.errors += errors
    return (keys, lines) if keys else None


def _kinds(folder: Folder, keys: SiteFile, lines: Lines) -> Mapping[str, ZoneKind]:
    rows = dict(KINDS)
    for name, row in keys.kinds.items():
        line = lines.of(("kinds", name))
        if name in KINDS:
            folder.error(FILE, line, f"kind {name} exists already", "give yours another name")
            continue
        try:
            rows[name] = ZoneKind(name, row.rule, row.incident, tuple(row.classes), row.dwell_s, row.category)
        except ValueError as error:
            folder.error(FILE, line, str(error), "correct it")
    return MappingProxyType(rows)


def _dispatch(folder: Folder, keys: SiteFile, lines: Lines) -> tuple[DispatchTarget, ...]:
    targets: dict[str, DispatchTarget] = {}
    for n, target in enumerate(keys.dispatch):
        # The address names a target that has no name, but never with a login in it.
        name = target.name or urlsplit(target.url).netloc.rpartition("@")[2]
        line = lines.of(("dispatch", n, "url"))
        if name in targets:
            folder.error(FILE, line, f"two dispatch targets are called {name}", "give one of them another name")
        if holds_password(target.url):
            folder.error(FILE, line, "url holds a password", f"take it out and set {target.token_variable} to a token")
        targets[name] = DispatchTarget(name, target.kind, target.url, target.token_variable, target.options)
    return tuple(targets.values())
