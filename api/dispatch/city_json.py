"""Sends to the JSON interface of a city's 数字城管 platform. No two are alike: names and codes are a table a city.

The fields are those of a real deployment's case: code, class and item, source, coordinates with six decimals as text,
grid and responsibility grid, times, photos by type. `lookup` finds a case by our own code: before a case is sent it is
looked for, so an answer that was lost never makes a second one.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from api.dispatch.case_facts import CaseFacts, Photo, facts_of
from api.dispatch.driver import Refused, TryAgain
from api.dispatch.http import HOPELESS, Conversation, json_of
from api.outgoing import Outgoing

GridOf = Callable[[float, float], tuple[str, str]]
"""Latitude and longitude to grid cell and responsibility grid, each empty where there is none."""

FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "key": "caseCode",
        "class": "bigClassCode",
        "item": "smallClassCode",
        "source": "eventSource",
        "lon": "coordinateX",
        "lat": "coordinateY",
        "grid": "gridCode",
        "duty_grid": "dutyGridCode",
        "found_at": "discoverTime",
        "description": "eventDesc",
        "address": "addressDesc",
        "packet": "evidenceHash",
        "photos": "photos",
    }
)
"""Our names and the ones that stand for them unless a city's table says otherwise (source: unverified)."""

PHOTO_TYPES: Mapping[str, str] = MappingProxyType({"far": "1", "near": "2", "reference": "3", "plate": "4"})


@dataclass(frozen=True, slots=True)
class City:
    """How one city's platform speaks.

    Attributes:
        fields: their field by ours, for all that differ from `FIELDS`; an empty name leaves a field out.
        items: their class and item by our category, as `"05"` and `"05"`; by default the two halves of our code.
        source: their code for cameras.
        post, lookup: paths; `lookup` has `{key}` in it.
        accepted: values of `code_field` that mean that the case is there.
        code_field, reference_field, data_field: names in their answers.
        time_format: as `strftime` has it.
    """

    timezone: tzinfo
    fields: Mapping[str, str] = field(default_factory=dict)
    items: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    source: str = "9"
    post: str = "event/report"
    lookup: str = "event/query?caseCode={key}"
    accepted: tuple[str, ...] = ("0", "200")
    code_field: str = "code"
    data_field: str = "data"
    reference_field: str = "eventId"
    time_format: str = "%Y-%m-%d %H:%M:%S"
    photo_types: Mapping[str, str] = field(default_factory=lambda: PHOTO_TYPES)

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.fields) - set(FIELDS)):
            raise ValueError(f"fields are {', '.join(FIELDS)}; there is no {', '.join(unknown)}")
        if "{key}" not in self.lookup:
            raise ValueError(f"lookup must have {{key}} in it, got {self.lookup!r}")


class CityJson:
    """The driver of one city's platform.

    Args:
        url: base address of its interface.
        token: sent as a bearer; never shown.
        city: how it speaks.
        grid_of: which cells a place lies in.
    """

    def __init__(
        self, url: str, token: str, city: City, grid_of: GridOf = lambda *_: ("", ""), timeout_s: float = 30.0
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._talk = Conversation(url.rstrip("/") + "/", headers, timeout_s, HOPELESS | {400}, token)
        self._city, self._grid_of = city, grid_of

    def close(self) -> None:
        """Close the connections."""
        self._talk.close()

    def deliver(self, outgoing: Outgoing) -> str:
        """Post the case with its pictures unless it is there already; returns what the platform calls it."""
        facts = facts_of(outgoing)
        known = self._known(facts.key)
        if known:
            return known
        answer = self._talk.ask("POST", self._city.post, json=self.body(facts))
        said = json_of(answer, f"POST {self._city.post}")
        code = str(said.get(self._city.code_field, "")) if isinstance(said, Mapping) else ""
        if code not in self._city.accepted:
            words = str(said.get("msg") or said.get("message") or "")[:300] if isinstance(said, Mapping) else ""
            if not code:
                raise TryAgain(f"POST {self._city.post}: the answer has no {self._city.code_field}")
            raise Refused(f"POST {self._city.post}: the platform says {code} {words}")
        reference = self._reference(said)
        if not reference:
            raise TryAgain(f"POST {self._city.post}: taken, but the answer has no {self._city.reference_field}")
        return reference

    def body(self, facts: CaseFacts) -> dict[str, Any]:
        """The case as the platform wants it.

        Raises:
            Refused: the city has no code for its category.
        """
        place = facts.place
        grid, duty = self._grid_of(place.lat, place.lon) if place else ("", "")
        big, small = self._items(facts.category)
        ours: dict[str, Any] = {
            "key": facts.key,
            "class": big,
            "item": small,
            "source": self._city.source,
            "lon": f"{place.lon:.6f}" if place else "",
            "lat": f"{place.lat:.6f}" if place else "",
            "grid": grid,
            "duty_grid": duty,
            "found_at": facts.raised_at.astimezone(self._city.timezone).strftime(self._city.time_format),
            "description": facts.words,
            "address": facts.zone,
            "packet": facts.packet_sha256,
            "photos": [photo for still in facts.photos for photo in self._photo(still)],
        }
        names = {name: self._city.fields.get(name, default) for name, default in FIELDS.items()}
        return {names[name]: value for name, value in ours.items() if names[name]}

    def _items(self, category: str) -> tuple[str, str]:
        if category in self._city.items:
            return self._city.items[category]
        if len(category) != 4:
            raise Refused(f"the city's table has no code for category {category or '(none)'}; add it and send again")
        return category[:2], category[2:]

    def _photo(self, photo: Photo) -> list[dict[str, str]]:
        kind = self._city.photo_types.get(photo.view)
        if kind is None or not photo.path.is_file():
            return []
        content = base64.b64encode(photo.path.read_bytes()).decode()
        return [{"type": kind, "name": photo.path.name, "time": photo.taken_at, "content": content}]

    def _known(self, key: str) -> str:
        path = self._city.lookup.format(key=quote(key, safe=""))
        said = json_of(self._talk.ask("GET", path), f"GET {path}")
        return self._reference(said)

    def _reference(self, said: object) -> str:
        """What they call the case, wherever in the answer they say it."""
        if isinstance(said, list):
            return next((found for part in said if (found := self._reference(part))), "")
        if not isinstance(said, Mapping):
            return ""
        if said.get(self._city.reference_field):
            return str(said[self._city.reference_field])[:200]
        return self._reference(said.get(self._city.data_field))
