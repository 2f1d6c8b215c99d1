"""Credentials: put into a URL at the last moment, and taken out of every text before anybody reads it."""

import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit, urlunsplit

HIDDEN = "***"

# Greedy up to the last "@": a password typed unescaped may itself hold "@" or, behind its colon, a slash. Rather a path
# with "@" in it is hidden too than half a password shown.
_USERINFO = re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]*://)(?:[^\s/'\"<>:]*:[^\s'\"<>]*|[^\s/'\"<>]*)@", re.IGNORECASE)
# Some cameras want the login in the path or the query: rtsp://192.0.2.10/user=admin&password=secret&channel=1
_PARAMETER = re.compile(r"(?P<name>\b(?:password|passwd|passcode|pwd|pass)=)[^\s&;/'\"<>]*", re.IGNORECASE)
_HEADER = re.compile(r"(?P<name>\b(?:Proxy-)?Authorization:\s*)[^\r\n]*", re.IGNORECASE)


def redacted(text: str, *secrets: str | None) -> str:
    """The text without any login in it.

    Removes user and password of every URL, `password=` parameters, `Authorization` headers, and each of `secrets` as
    it stands and as a URL writes it.

    Args:
        text: anything, for example the message of an exception.
        secrets: passwords known to the caller; None and empty ones are ignored.
    """
    # The longest first, so that a secret which begins with another one is not left half visible.
    written = {form for secret in secrets if secret for form in (secret, quote(secret, safe=""), quote(secret))}
    for form in sorted(written, key=len, reverse=True):
        text = text.replace(form, HIDDEN)
    text = _USERINFO.sub(rf"\g<scheme>{HIDDEN}@", text)
    text = _PARAMETER.sub(rf"\g<name>{HIDDEN}", text)
    return _HEADER.sub(rf"\g<name>{HIDDEN}", text)


@dataclass(frozen=True, slots=True)
class Login:
    """A user name and a password; neither shows in `repr`.

    Attributes:
        username: empty when the URL needs none.
        password: None when there is none.
    """

    username: str = field(default="", repr=False)
    password: str | None = field(default=None, repr=False)


def split_login(url: str) -> tuple[str, Login]:
    """A URL without its user part, and the login that stood in it.

    Raises:
        ValueError: `url` has no host or a port that is none; the message does not repeat the URL's login.
    """
    try:
        parts = urlsplit(url)
        sound = bool(parts.hostname) and parts.port != 0
    except ValueError:  # its text may hold the password, which stood where a port was expected
        sound = False
    if not sound:
        raise ValueError(
            f"expected an address such as rtsp://192.0.2.10/stream1, got {redacted(url)!r}; "
            "in a user or password write / as %2F, @ as %40 and : as %3A"
        )
    userinfo, _, host = parts.netloc.rpartition("@")
    username, colon, password = userinfo.partition(":")
    login = Login(unquote(username), unquote(password) if colon else None)
    return urlunsplit(parts._replace(netloc=host)), login


def with_login(url: str, login: Login) -> str:
    """The URL as a library wants it, login included: for the call that opens it and for nothing else."""
    if not login.username:
        return url
    userinfo = quote(login.username, safe="")
    if login.password is not None:
        userinfo += ":" + quote(login.password, safe="")
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{userinfo}@{parts.netloc}"))
