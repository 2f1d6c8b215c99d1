"""Sends to an Open311 GeoReport v2 server, and reads back how its requests stand.

The protocol has no idempotency key. Each request therefore carries its key in its words, `[ref KEY]`, and before a
request is filed the driver looks for it: an answer that was lost never makes a second one.
https://wiki.open311.org/GeoReport_v2/
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from api.dispatch.case_facts import CaseFacts, facts_of
from api.dispatch.driver import Refused, TryAgain
from api.dispatch.http import HOPELESS, Conversation, json_of
from api.outgoing import Outgoing

_MOST_PAGES = 20
_LONGEST_RANGE = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """News from the other side.

    Attributes:
        id: the same each time it is told.
        reference: what the target calls the request.
        status: `open` or `closed`.
    """

    id: str
    reference: str
    status: str
    at: datetime
    description: str


class Open311:
    """The driver of a GeoReport v2 server.

    Args:
        url: up to and with `/v2`.
        api_key: sent in the body; never shown in an error or a log.
        services: their service code by our category; a category that is not in it is sent as it is.
        jurisdiction: for servers of several cities.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        services: Mapping[str, str] = MappingProxyType({}),
        jurisdiction: str = "",
        timeout_s: float = 30.0,
    ) -> None:
        # The specification gives 400 to requests that are wrong as they are.
        self._talk = Conversation(url.rstrip("/") + "/", {}, timeout_s, HOPELESS | {400}, api_key)
        self._key, self._services = api_key, dict(services)
        self._always = {"jurisdiction_id": jurisdiction} if jurisdiction else {}
        self._known_codes: frozenset[str] = frozenset()

    def close(self) -> None:
        """Close the connections."""
        self._talk.close()

    def services(self) -> frozenset[str]:
        """The service codes that the server lists now."""
        listed = json_of(self._talk.ask("GET", "services.json", params=self._always), "GET services.json")
        self._known_codes = frozenset(str(row.get("service_code")) for row in _rows(listed))
        return self._known_codes

    def deliver(self, outgoing: Outgoing) -> str:
        """File the case unless it is there already; returns its service_request_id."""
        facts = facts_of(outgoing)
        code = self._services.get(facts.category, facts.category)
        if code not in self._known_codes and code not in self.services():
            raise Refused(
                f"the server has no service {code!r} for category {facts.category!r}; map it in the site file"
            )
        mark = f"[ref {facts.key}]"
        known = self._look_up(code, mark, facts.raised_at)
        if known:
            return known
        answer = self._talk.ask("POST", "requests.json", data=self._form(facts, code, mark))
        return self._reference(_first(json_of(answer, "POST requests.json")))

    def status(self, reference: str) -> str:
        """`open` or `closed`, as the server says now."""
        what = f"requests/{reference}.json"
        said = _first(json_of(self._talk.ask("GET", what, params=self._always), f"GET {what}"))
        return str(said.get("status", ""))

    def updates(self, since: datetime, until: datetime) -> list[StatusUpdate]:
        """News of requests, each once and in order, whatever order they came in."""
        params = self._always | {"start_date": _w3(since), "end_date": _w3(until)}
        what = "servicerequestupdates.json"
        found: dict[str, StatusUpdate] = {}
        for row in _rows(json_of(self._talk.ask("GET", what, params=params), f"GET {what}")):
            update = _update(row)
            if update is not None:
                found[update.id] = update
        return sorted(found.values(), key=lambda update: (update.at, update.id))

    def _form(self, facts: CaseFacts, code: str, mark: str) -> dict[str, str]:
        form = self._always | {
            "api_key": self._key,
            "service_code": code,
            "description": f"{facts.words} {mark}",
            "attribute[packet_sha256]": facts.packet_sha256,
        }
        if facts.place is None:
            return form | {"address_string": f"{facts.zone} ({facts.camera})"}
        return form | {"lat": f"{facts.place.lat:.6f}", "long": f"{facts.place.lon:.6f}"}

    def _look_up(self, code: str, mark: str, raised_at: datetime) -> str:
        """The id of a request that an earlier try has made, or an empty text."""
        # The other side's clock may differ from ours by a little and its dates by a timezone.
        since = raised_at - timedelta(days=1)
        params = self._always | {
            "service_code": code,
            "start_date": _w3(since),
            "end_date": _w3(since + _LONGEST_RANGE),
        }
        for row in self._pages(params):
            if mark in str(row.get("description", "")):
                return self._reference(row)
        return ""

    def _pages(self, params: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        """Requests page by page; servers without pages give the same one again, which ends it."""
        seen: set[str] = set()
        for page in range(1, _MOST_PAGES + 1):
            answer = self._talk.ask("GET", "requests.json", params={**params, "page": str(page)})
            rows = _rows(json_of(answer, "GET requests.json"))
            new = [row for row in rows if str(row.get("service_request_id")) not in seen]
            if not new:
                return
            seen |= {str(row.get("service_request_id")) for row in new}
            yield from new

    def _reference(self, row: Mapping[str, Any]) -> str:
        """The id of a request, asked for with its token where the server makes ids later."""
        if row.get("service_request_id"):
            return str(row["service_request_id"])[:200]
        if not row.get("token"):
            raise TryAgain("the answer has neither service_request_id nor token; is this an Open311 server?")
        what = f"tokens/{row['token']}.json"
        told = _first(json_of(self._talk.ask("GET", what, params=self._always), f"GET {what}"))
        if not told.get("service_request_id"):
            raise TryAgain("the server has taken it and has no service_request_id for it yet", after_s=60.0)
        return str(told["service_request_id"])[:200]


def _rows(value: object) -> list[Mapping[str, Any]]:
    listed = value if isinstance(value, list) else []
    return [row for row in listed if isinstance(row, Mapping)]


def _first(value: object) -> Mapping[str, Any]:
    rows = _rows(value)
    if not rows:
        raise TryAgain("the answer lists nothing; is this an Open311 server?")
    return rows[0]


def _update(row: Mapping[str, Any]) -> StatusUpdate | None:
    try:
        at = datetime.fromisoformat(str(row["updated_datetime"]))
        return StatusUpdate(
            str(row["update_id"]),
            str(row["service_request_id"]),
            str(row["status"]).lower(),
            at if at.tzinfo else at.replace(tzinfo=UTC),
            str(row.get("description") or ""),
        )
    except (KeyError, ValueError):
        return None  # one row of nonsense hides none of the others


def _w3(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
