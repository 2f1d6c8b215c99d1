"""Sends to our own API: first the packet, then the case that names it. See `api/routes/packets.py` and `cases.py`."""

from pathlib import Path
from typing import Any

import httpx2

from api.dispatch.driver import Refused, TryAgain
from api.outgoing import Outgoing
from evidence.export import zip_chunks

_GOOD = frozenset({200, 201})

# Answers that no further try can change. 400 is not among them: a proxy or a torn connection gives it as well.
_HOPELESS = frozenset({413, 414, 415, 422, 431})

# Answers that say nothing about this row, only about the target or our standing with it.
_WHOLE_TARGET = frozenset({401, 403, 404, 405, 429, 502, 503, 504, 507})


class OwnApi:
    """The driver of a Street Patrol server.

    Args:
        url: of the server, `http://127.0.0.1:8000`.
        token: of scope box; never shown in an error or a log.
        timeout_s: silence from the server for this long counts as no answer.
    """

    def __init__(self, url: str, token: str, timeout_s: float = 30.0) -> None:
        address = httpx2.URL(url)
        if address.scheme not in ("http", "https") or not address.host:
            raise ValueError(f"url must be http(s)://HOST[:PORT], got {_bare(address)!r}")
        if address.userinfo:
            raise ValueError("url must hold no user name or password; the token goes in a header")
        self._client = httpx2.Client(
            base_url=address,
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx2.Timeout(timeout_s, connect=min(timeout_s, 5.0)),
            trust_env=False,  # a proxy of the environment must not see evidence
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def deliver(self, outgoing: Outgoing) -> str:
        """Upload the packet unless it is there, then report the case; returns the case's id."""
        if outgoing.packet_path is not None:
            self._upload(outgoing.packet_path, str(outgoing.payload["packet_sha256"]))
        answer = self._ask(
            "POST",
            "/api/v1/cases",
            json=dict(outgoing.payload),
            headers={"Idempotency-Key": outgoing.idempotency_key},
        )
        return _case_id(answer)

    def _upload(self, packet: Path, sha256: str) -> None:
        address = f"/api/v1/packets/{sha256}"
        known = self._ask("GET", address, missing_is_fine=True)
        if known.status_code == 200 and _json(known).get("packet_sha256") == sha256:
            return
        if not (packet / "bagit.txt").is_file():
            raise Refused(f"the packet is gone from this box: {packet.name}; restore it and send again")
        self._ask("PUT", address, content=zip_chunks(packet), headers={"Content-Type": "application/zip"})

    def _ask(self, method: str, address: str, *, missing_is_fine: bool = False, **request: Any) -> httpx2.Response:
        what = f"{method} {address}"
        try:
            answer = self._client.request(method, address, **request)
        except httpx2.RequestError as exc:
            # Whether it arrived is unknown; the key makes a second try safe.
            raise TryAgain(f"{what}: {type(exc).__name__}: {exc}", whole_target=True) from exc
        if answer.status_code in _GOOD or (missing_is_fine and answer.status_code == 404):
            return answer
        reason = f"{what}: {answer.status_code} {_words(answer)}"
        if answer.status_code in _HOPELESS or _code(answer) == "key_reused":
            raise Refused(reason)
        raise TryAgain(reason, whole_target=answer.status_code in _WHOLE_TARGET, after_s=_patience_s(answer))


def _case_id(answer: httpx2.Response) -> str:
    body = _json(answer)
    case_id = body.get("id")
    if not isinstance(case_id, str) or not 0 < len(case_id) <= 200:
        raise TryAgain(f"POST /api/v1/cases: {answer.status_code}, but no case in the answer; is this our server?")
    return case_id


def _json(answer: httpx2.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _code(answer: httpx2.Response) -> str:
    return str(_json(answer).get("error", ""))


def _words(answer: httpx2.Response) -> str:
    body = _json(answer)
    if "message" not in body:
        return answer.reason_phrase
    details = body.get("details")
    return f"{_code(answer)}: {body['message']}" + (f" ({'; '.join(map(str, details))})" if details else "")


def _patience_s(answer: httpx2.Response) -> float:
    header = answer.headers.get("retry-after", "")
    return float(header) if header.isdecimal() else 0.0


def _bare(address: httpx2.URL) -> str:
    return str(address.copy_with(username=None, password=None)) if address.userinfo else str(address)
