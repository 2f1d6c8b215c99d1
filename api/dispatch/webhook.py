"""Sends cases as CloudEvents to a webhook, signed so that the receiver knows who sent them and that nothing changed.

CloudEvents 1.0 in structured mode (https://github.com/cloudevents/spec), signed as Standard Webhooks 1.0 says
(https://www.standardwebhooks.com): HMAC-SHA256 over `id.timestamp.body`. The id is the same for every try: a receiver
that has seen it answers 2xx again and does nothing.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime

from api.dispatch.case_facts import facts_of
from api.dispatch.http import HOPELESS, Conversation
from api.outgoing import Outgoing

TYPE = "street-patrol.case.reported.v1"


class Webhook:
    """The driver of one receiver.

    Args:
        url: that events are posted to.
        secret: shared with the receiver; never sent, shown or logged.
        source: who sends, a URI reference: `/street-patrol/campus`.
        clock: the time now, aware.
    """

    def __init__(
        self,
        url: str,
        secret: str,
        source: str,
        timeout_s: float = 30.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if not secret:
            raise ValueError("a webhook needs a secret to sign with")
        self._talk = Conversation(url, {}, timeout_s, HOPELESS | {400, 410})
        self._secret, self._source, self._clock = secret.encode(), source, clock

    def close(self) -> None:
        """Close the connections."""
        self._talk.close()

    def deliver(self, outgoing: Outgoing) -> str:
        """Post the event; returns the id that the receiver gives it, or the event's own."""
        facts = facts_of(outgoing)
        place = facts.place
        event = {
            "specversion": "1.0",
            "id": facts.key,
            "source": self._source,
            "type": TYPE,
            "time": facts.raised_at.isoformat(),
            "subject": facts.camera,
            "datacontenttype": "application/json",
            "data": dict(outgoing.payload)
            | {
                "category": facts.category,
                "place": None if place is None else {"lat": place.lat, "lon": place.lon, "error_m": place.error_m},
            },
        }
        body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        moment = str(int(self._clock().timestamp()))
        headers = {
            "Content-Type": "application/cloudevents+json; charset=utf-8",
            "Webhook-Id": facts.key,
            "Webhook-Timestamp": moment,
            "Webhook-Signature": signature(self._secret, facts.key, moment, body),
        }
        answer = self._talk.ask("POST", "", content=body, headers=headers)
        try:
            said = answer.json()
        except ValueError:
            return facts.key  # an empty 204 is the usual answer
        named = said.get("id") if isinstance(said, dict) else None
        return named[:200] if isinstance(named, str) and named else facts.key


def signature(secret: bytes, event_id: str, timestamp: str, body: bytes) -> str:
    """The value of `Webhook-Signature`."""
    digest = hmac.new(secret, f"{event_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()
