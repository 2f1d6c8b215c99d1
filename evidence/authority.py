"""A time-stamping authority over HTTP (RFC 3161, 3.4): asked with a nonce, bounded in time and bytes, checked."""

import time
from dataclasses import dataclass
from datetime import datetime

import httpx2
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

from evidence.verifying.stamp import Answer, check_stamp

MAX_ANSWER = 64 << 10
_ASKS, _ANSWERS = "application/timestamp-query", "application/timestamp-reply"


class NoStamp(Exception):
    """The authority gave no stamp that would hold; the packet waits and the question is asked again later."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A stamp that was checked.

    Attributes:
        tsr: the authority's answer, DER: what `openssl ts -verify` takes.
        at: the authority's time, UTC.
    """

    tsr: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class HttpAuthority:
    """One authority.

    Attributes:
        url: where it is asked.
        certificate: its certificate, or of who issued it, PEM or DER; None: any authority's stamp is taken, and whoever
            verifies is told that it is not pinned.
        timeout_s: for the whole question, from connecting to the last byte.
    """

    url: str
    certificate: bytes | None = None
    timeout_s: float = 15.0

    def stamp(self, content: bytes) -> Stamp:
        """Have `content` stamped.

        Raises:
            NoStamp: no network, no answer in time, a refusal, or an answer that does not hold.
        """
        request = TimestampRequestBuilder().data(content).hash_algorithm(HashAlgorithm.SHA256).build()
        answer = _bare(self._ask(request.as_bytes()))
        problems, _, at = check_stamp(content, answer, self.url, self.certificate)
        if problems or at is None:
            raise NoStamp("; ".join(str(problem) for problem in problems))
        info = Answer.load(answer)["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed
        if info["nonce"].native != request.nonce:
            raise NoStamp(f"{self.url}: expected an answer to this very question, found another nonce")
        return Stamp(answer, at)

    def _ask(self, question: bytes) -> bytes:
        deadline = time.monotonic() + self.timeout_s
        answer = bytearray()
        try:
            with (
                httpx2.Client(timeout=self.timeout_s, trust_env=False) as client,
                client.stream("POST", self.url, content=question, headers={"content-type": _ASKS}) as response,
            ):
                if response.status_code != httpx2.codes.OK:
                    raise NoStamp(f"{self.url} answers with HTTP {response.status_code}")
                for chunk in response.iter_raw(4096):
                    answer += chunk
                    # The library's limit is for each read alone: one byte a second would hold us for hours.
                    if time.monotonic() > deadline:
                        raise NoStamp(f"{self.url} did not finish its answer within {self.timeout_s:g} s")
                    if len(answer) > MAX_ANSWER:
                        raise NoStamp(f"{self.url} answers with more than {MAX_ANSWER} bytes")
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise NoStamp(f"{self.url} cannot be asked: {type(error).__name__} {error}".strip()) from error
        return bytes(answer)


def _bare(answer: bytes) -> bytes:
    """The answer with a bare `granted`: words beside it ("Operation Okay") are signed by nobody."""
    try:
        parsed = Answer.load(answer, strict=True)
        if parsed["status"]["status"].native != "granted" or not parsed["time_stamp_token"].native:
            return answer
        bare = Answer({"status": {"status": "granted"}, "time_stamp_token": parsed["time_stamp_token"]})
        return bytes(bare.dump())
    except (ValueError, TypeError, KeyError):
        return answer  # the check that follows says what is wrong with it
