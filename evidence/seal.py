"""The texts of a sealed packet, made from digests: pure, without files, keys or clock.

A packet is a BagIt 1.0 directory (RFC 8493). Its manifests name the digest of each file under `data/`, the tag
manifest names the digests of the manifests and of `bagit.txt` and `bag-info.txt`, so one digest stands for all:

    data/*  <-  manifest-sha256.txt, manifest-sha512.txt  <-  tagmanifest-sha256.txt  <-  tagmanifest-sha256.txt.p7s

The sha256 of `tagmanifest-sha256.txt` is the packet's name. The signature is over the same file, and so is the time
stamp (`.tsr`), which is added when an authority has given it. `bag-info.txt`
carries the packet's number and the digests of the one before, so a packet that was taken away leaves a hole.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from evidence.timestamps import utc_text

BAGIT_TXT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
SHA256, SHA512 = "manifest-sha256.txt", "manifest-sha512.txt"
TAGMANIFEST = "tagmanifest-sha256.txt"
SIGNATURE = "tagmanifest-sha256.txt.p7s"
STAMP = "tagmanifest-sha256.txt.tsr"
FIRST = "none"
"""What the first packet of a vault names as the one before."""

_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True)
class Link:
    """A packet's place in the chain of its vault.

    Attributes:
        sequence: 1 for the first packet.
        previous_sha256: the packet before, `none` for the first.
        previous_p7s_sha256: the digest of its signature file, `none` for the first.
        previous_tsr_sha256: the digest of its time stamp, `none` where it had none yet.
    """

    sequence: int
    previous_sha256: str = FIRST
    previous_p7s_sha256: str = FIRST
    previous_tsr_sha256: str = FIRST

    def __post_init__(self) -> None:
        if self.sequence < 1:
            raise ValueError(f"sequence must be 1 or more, got {self.sequence}")


def checked_name(name: str) -> str:
    """A name that is safe as a file name and in a manifest: letters, digits, dot, dash, underscore.

    Raises:
        ValueError: anything else, or longer than 128 characters.
    """
    if not _SAFE_NAME.fullmatch(name):
        raise ValueError(f"expected a name of letters, digits, '.', '-' and '_', got {name!r}")
    return name


def manifest(digests: Mapping[str, str]) -> bytes:
    """A BagIt manifest: lower-case digest, two spaces, path; sorted, so the same files give the same text."""
    return "".join(f"{digest}  {path}\n" for path, digest in sorted(digests.items())).encode()


def bag_info(
    incident: str,
    site: str,
    software: str,
    payload: Sequence[int],
    link: Link,
    sealed_at: datetime,
    fingerprint: str,
    authority: str = "",
) -> bytes:
    """The text of `bag-info.txt`.

    Args:
        incident: id of the incident.
        site: name of the site.
        software: name and version.
        payload: size of each file under `data/`, bytes.
        link: place in the chain.
        sealed_at: the box's time, UTC.
        fingerprint: sha256 of the signer's certificate. Signed with everything else, so that no byte of the
            certificate beside the signature can change unnoticed, whoever issued it.
        authority: address of the time-stamping authority that will be asked, empty where there is none. A stamp is
            always later than what it stamps: where the file is not there yet, it waits for the network.
    """
    lines = {
        "Source-Organization": site,
        "External-Identifier": incident,
        "Bagging-Date": utc_text(sealed_at)[:10],
        "Bag-Software-Agent": software,
        "Payload-Oxum": f"{sum(payload)}.{len(payload)}",
        "Packet-Sequence": str(link.sequence),
        "Previous-Packet-SHA256": link.previous_sha256,
        "Previous-Signature-SHA256": link.previous_p7s_sha256,
        "Previous-Stamp-SHA256": link.previous_tsr_sha256,
        "Sealed-At": utc_text(sealed_at),
        "Signer-Certificate-SHA256": fingerprint,
        "Timestamp-Authority": authority or FIRST,
    }
    return info_text(lines)


def info_text(lines: Mapping[str, str]) -> bytes:
    """Labels and values as `bag-info.txt` has them, each on one line."""
    return "".join(f"{label}: {' '.join(value.split())}\n" for label, value in lines.items()).encode()
