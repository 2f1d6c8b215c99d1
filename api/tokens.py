"""Bearer tokens in the store: printed once when made, afterwards known only by their digest."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hmac import compare_digest

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.tables import TokenRow

OWN_BOX = "own-box"
"""Tokens whose name begins so are what a box shows to its own server; they open no door to other machines."""


class TokenScope(StrEnum):
    """What a token may do."""

    BOX = "box"  # upload packets and report cases
    READ = "read"  # see cases and their evidence
    REPORT = "report"  # file public reports: an Open311 api_key
    REVIEW = "review"  # a person: give verdicts on findings, check what units did
    DUTY = "duty"  # a person: accept, dispatch, merge, supervise, close; the outbox
    UNIT = "unit"  # a unit: handle what was dispatched to it


PEOPLE = frozenset({TokenScope.REVIEW, TokenScope.DUTY, TokenScope.UNIT})
"""Scopes of those who work on cases; they also read them."""


class TokenExists(Exception):
    """A token by this name was made before and cannot be printed again."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is a token named {name!r} already; choose another name")
        self.name = name


@dataclass(frozen=True, slots=True)
class Token:
    """Who a caller is. Holds no secret.

    Attributes:
        name: chosen by whoever made it: the box, the person, the system that uses it.
        unit: whom it belongs to, for scope unit.
        sha256: of the secret, lower-case hex; never leaves the server.
    """

    name: str
    scope: TokenScope
    sha256: str
    revoked: bool
    unit: str | None = None


def make(session: Session, name: str, scope: TokenScope, now: datetime, unit: str | None = None) -> str:
    """A new token; the returned secret is not stored and cannot be had again.

    Raises:
        TokenExists: the name is taken.
        ValueError: the name is empty, longer than 100 characters, or has control characters; a unit is named for
            another scope than unit, or missing for that one.
    """
    if (unit is not None) != (scope is TokenScope.UNIT) or unit == "":
        raise ValueError(f"a token of scope unit, and no other, belongs to a unit; got {scope} for {unit!r}")
    if not 0 < len(name) <= 100 or not name.isprintable():
        raise ValueError(f"a token's name must be 1 to 100 printable characters, got {name!r}")
    if session.get(TokenRow, name) is not None:
        raise TokenExists(name)
    # The prefix lets a person and a secret scanner see what it is; 256 random bits need no slow hash.
    secret = f"patrol_{scope.value}_{secrets.token_urlsafe(32)}"
    session.add(TokenRow(name=name, sha256=digest(secret), scope=scope.value, created=now, unit=unit))
    return secret


def find(session: Session, secret: str) -> Token | None:
    """The living token with this secret, or None."""
    wanted = digest(secret)
    row = session.scalar(select(TokenRow).where(TokenRow.sha256 == wanted))
    if row is None or not compare_digest(row.sha256, wanted) or row.revoked is not None:
        return None
    return _token(row)


def by_name(session: Session, name: str) -> Token | None:
    """The token with this name, revoked or not."""
    row = session.get(TokenRow, name)
    return None if row is None else _token(row)


def revoke(session: Session, name: str, now: datetime) -> bool:
    """End a token for good; False when there is none by this name."""
    row = session.get(TokenRow, name)
    if row is None:
        return False
    row.revoked = row.revoked or now
    return True


def any_living(session: Session, scope: TokenScope) -> bool:
    """Whether there is a token of this scope, made for somebody else than this box, that has not been revoked."""
    query = (
        select(TokenRow.name)
        .where(TokenRow.scope == scope.value, TokenRow.revoked.is_(None), TokenRow.name.not_like(f"{OWN_BOX}%"))
        .limit(1)
    )
    return session.scalar(query) is not None


def digest(secret: str) -> str:
    """SHA-256 of a token, lower-case hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _token(row: TokenRow) -> Token:
    return Token(row.name, TokenScope(row.scope), row.sha256, row.revoked is not None, row.unit)
