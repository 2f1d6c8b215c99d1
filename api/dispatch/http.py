"""One HTTP conversation with a dispatch target: what each answer means for a row of the outbox."""

from collections.abc import Collection
from typing import Any

import httpx2

from api.dispatch.driver import Refused, TryAgain

# Answers that no further try can change; 400 only where the protocol says that it means the request itself.
HOPELESS = frozenset({413, 414, 415, 422, 431})

# Answers that say nothing about this row, only about the target or our standing with it.
WHOLE_TARGET = frozenset({401, 403, 404, 405, 429, 502, 503, 504, 507})

_MOST_WORDS = 300


class Conversation:
    """A client of one address.

    Args:
        url: base address, without a login in it.
        headers: sent with each request; may hold a secret, and is never shown.
        timeout_s: silence for this long counts as no answer.
        hopeless: statuses after which a row is a dead letter.
        secret: blotted out of every error, because some servers echo what they were sent.
    """

    def __init__(
        self,
        url: str,
        headers: dict[str, str],
        timeout_s: float,
        hopeless: Collection[int] = HOPELESS,
        secret: str = "",
    ) -> None:
        address = httpx2.URL(url)
        if address.scheme not in ("http", "https") or not address.host or address.userinfo:
            bare = address.copy_with(username=None, password=None) if address.userinfo else address
            raise ValueError(f"url must be http(s)://HOST[:PORT]/..., without a login in it, got {str(bare)!r}")
        self._client = httpx2.Client(
            base_url=address,
            headers=headers,
            timeout=httpx2.Timeout(timeout_s, connect=min(timeout_s, 5.0)),
            trust_env=False,  # a proxy of the environment must not see evidence
        )
        self._hopeless, self._secret = frozenset(hopeless), secret

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def ask(self, method: str, address: str, **request: Any) -> httpx2.Response:
        """Send, and return an answer of success.

        Raises:
            Refused: no further try can change the answer.
            TryAgain: anything else; whether it arrived may be unknown.
        """
        what = f"{method} {address}"
        try:
            answer = self._client.request(method, address, **request)
        except httpx2.RequestError as exc:
            raise TryAgain(f"{what}: {type(exc).__name__}: {self._bare(str(exc))}", whole_target=True) from exc
        if answer.is_success:
            return answer
        reason = f"{what}: {answer.status_code} {self._bare(answer.text[:_MOST_WORDS])}"
        if answer.status_code in self._hopeless:
            raise Refused(reason)
        header = answer.headers.get("retry-after", "")
        patience_s = float(header) if header.isdecimal() else 0.0
        raise TryAgain(reason, whole_target=answer.status_code in WHOLE_TARGET, after_s=patience_s)

    def _bare(self, text: str) -> str:
        return text.replace(self._secret, "…") if self._secret else text


def json_of(answer: httpx2.Response, what: str) -> Any:
    """The JSON of an answer; 200 with nonsense is no acknowledgement.

    Raises:
        TryAgain: it is no JSON.
    """
    try:
        return answer.json()
    except ValueError as exc:
        raise TryAgain(f"{what}: {answer.status_code}, but the answer is no JSON; is this the right address?") from exc
