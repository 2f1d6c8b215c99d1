"""Who may do what: bearer tokens for programs, a signed cookie for browsers, nothing at all for strangers.

Programs send `Authorization: Bearer ...`; each token has one scope. Browsers on the box itself see the pages without
signing in, as long as the service listens on loopback only; otherwise a person types a read token once and gets a
cookie that is signed with that token's digest, so revoking the token ends the visit.
"""

import hashlib
import hmac
import ipaddress
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.moves import Actor, Role
from api.parts import Parts, TheParts
from api.store import Store
from api.tokens import PEOPLE, Token, TokenScope

COOKIE = "patrol_visit"
VISIT = timedelta(hours=12)

_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


class NeedsToken(Exception):
    """The service was asked to listen beyond this machine while no box could prove who it is."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"listening on {host} lets other machines in, and no box has a token yet: make one a box with "
            "`patrol token SITE NAME --scope box`, or listen on 127.0.0.1"
        )
        self.host = host


class NotSignedIn(Exception):
    """The caller did not say who it is, or what it said is not known."""


class WrongScope(Exception):
    """The caller is known and may not do this."""

    def __init__(self, token: Token, *needed: TokenScope) -> None:
        super().__init__(
            f"this token has scope {token.scope}, and scope {' or '.join(needed)} is needed: "
            f"make another with `patrol token SITE NAME --scope {needed[0]}`"
        )


class PageClosed(Exception):
    """A browser has to sign in first."""


def is_loopback(host: str) -> bool:
    """Whether an address or a host name means this machine and nothing else."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_binding(host: str, store: Store) -> None:
    """Refuse to listen beyond this machine without a token a box.

    Raises:
        NeedsToken: the address is not loopback and no living token has scope box.
    """
    if not is_loopback(host) and not store.has_token(TokenScope.BOX):
        raise NeedsToken(host)


_bearer = HTTPBearer(auto_error=False, description="A token made by `patrol token SITE NAME --scope box|read`.")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]


def needs(*scopes: TokenScope) -> Callable[[Parts, HTTPAuthorizationCredentials | None], Token]:
    """A dependency that lets through only callers with a living token of one of these scopes."""

    def check(parts: TheParts, credentials: Credentials) -> Token:
        if credentials is None:
            raise NotSignedIn("send `Authorization: Bearer TOKEN`; `patrol token` makes one")
        token = parts.store.find_token(credentials.credentials)
        if token is None:
            raise NotSignedIn("this token is not known here, or was revoked; `patrol token` makes another")
        if token.scope not in scopes:
            raise WrongScope(token, *scopes)
        return token

    return check


BoxToken = Annotated[Token, Depends(needs(TokenScope.BOX))]
ReadToken = Annotated[Token, Depends(needs(TokenScope.READ, *sorted(PEOPLE)))]
DutyToken = Annotated[Token, Depends(needs(TokenScope.DUTY))]
MoverToken = Annotated[
    Token, Depends(needs(TokenScope.DUTY, TokenScope.REVIEW, TokenScope.UNIT, TokenScope.BOX, TokenScope.REPORT))
]
ReportToken = Annotated[Token, Depends(needs(TokenScope.REPORT))]

_ROLES = {
    TokenScope.BOX: Role.BOX,
    TokenScope.REPORT: Role.PUBLIC,
    TokenScope.REVIEW: Role.REVIEW,
    TokenScope.DUTY: Role.DUTY,
    TokenScope.UNIT: Role.UNIT,
}


def actor_of(token: Token) -> Actor:
    """As whom the holder of a token moves cases."""
    return Actor(token.name, _ROLES[token.scope], token.unit)


def may_see_pages(request: Request, parts: Parts) -> bool:
    """Whether this browser may see cases: it has signed in, or it runs on this machine and that is enough."""
    if not parts.require_page_token and _from_this_machine(request):
        return True
    return visitor(parts.store, request.cookies.get(COOKIE, ""), parts.clock()) is not None


def page_open(request: Request, parts: TheParts) -> None:
    """A dependency of every page.

    Raises:
        PageClosed: sign in first.
    """
    if not may_see_pages(request, parts):
        raise PageClosed


def may_see_details(request: Request, parts: TheParts, credentials: Credentials) -> bool:
    """Whether health and figures may be told in full: to readers, and to this machine where pages are open."""
    token = parts.store.find_token(credentials.credentials) if credentials else None
    return (token is not None and token.scope is TokenScope.READ) or may_see_pages(request, parts)


MaySeeDetails = Annotated[bool, Depends(may_see_details)]


def sign_in(store: Store, secret: str, now: datetime) -> str | None:
    """The cookie for a visitor who holds a read token, or None for anybody else."""
    token = store.find_token(secret.strip())
    if token is None or token.scope is not TokenScope.READ:
        return None
    until = int((now + VISIT).timestamp())
    return f"{token.name.encode().hex()}.{until}.{_signature(token, until)}"


def visitor(store: Store, cookie: str, now: datetime) -> Token | None:
    """Who holds this cookie, while it is good and the token lives."""
    name_hex, _, rest = cookie.partition(".")
    until_text, _, signature = rest.partition(".")
    try:
        name, until = bytes.fromhex(name_hex).decode(), int(until_text)
    except ValueError:
        return None
    token = store.token_named(name)
    if token is None or token.revoked or token.scope is not TokenScope.READ or until < now.timestamp():
        return None
    good = hmac.compare_digest(_signature(token, until).encode(), signature.encode())
    return token if good else None


def _signature(token: Token, until: int) -> str:
    # The digest of the token never leaves the server, so it can sign; it dies with the token.
    return hmac.new(bytes.fromhex(token.sha256), f"visit {token.name} {until}".encode(), hashlib.sha256).hexdigest()


def _from_this_machine(request: Request) -> bool:
    # Behind a proxy every client looks local: who is forwarded has to sign in.
    forwarded = any(header in request.headers for header in _FORWARDED)
    return not forwarded and request.client is not None and is_loopback(request.client.host)
