"""The simulator's door: Digest (RFC 2617 without qop, as most cameras have it) or Basic (RFC 7617)."""

import hashlib
import hmac
import re
import secrets
from base64 import b64encode

_REALM = "Street Patrol simulator"
_FIELD = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]*))')


class Guard:
    """Asks for a login, or for none when there is no user.

    Args:
        user: None lets everybody in.
        password: what the user must know.
        basic: ask for Basic instead of Digest.
    """

    def __init__(self, user: str | None, password: str | None, *, basic: bool = False) -> None:
        if user is None and password is not None:
            raise ValueError("a password wants a user, got user None")
        self._user, self._password, self._basic = user, password or "", basic
        self._nonce = secrets.token_hex(16)

    def challenge(self) -> str:
        """What the `WWW-Authenticate` header says."""
        if self._basic:
            return f'Basic realm="{_REALM}"'
        return f'Digest realm="{_REALM}", nonce="{self._nonce}", algorithm="MD5"'

    def admits(self, method: str, authorization: str) -> bool:
        """Whether a request with this `Authorization` header (empty when it had none) may pass."""
        if self._user is None:
            return True
        scheme, _, given = authorization.partition(" ")
        if self._basic:
            wanted = b64encode(f"{self._user}:{self._password}".encode()).decode()
            return scheme.lower() == "basic" and hmac.compare_digest(given.strip().encode(), wanted.encode())
        return scheme.lower() == "digest" and self._digest_fits(method, given)

    def _digest_fits(self, method: str, given: str) -> bool:
        fields = {name.lower(): quoted or bare for name, quoted, bare in _FIELD.findall(given)}
        if fields.get("nonce") != self._nonce or fields.get("username") != self._user:
            return False
        secret = _md5(f"{self._user}:{_REALM}:{self._password}")
        request = _md5(f"{method}:{fields.get('uri', '')}")
        wanted = _md5(f"{secret}:{self._nonce}:{request}")
        return hmac.compare_digest(fields.get("response", "").encode(), wanted.encode())


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()  # the protocol's choice, not ours
