"""Copies that are made from a sealed packet: each is a packet of its own that names the sealed one and is signed again.

redacted    what anybody may see: bystanders' faces and unrelated plates are gone from stills and clip
viewing     the clip as H.264, for browsers that cannot play what the camera sent
burned_in   the clip with the boxes drawn into its pictures

`data/derived.json` names the sealed packet and, for each file, which one it was made from. The sealed packet is never
touched. A copy has no place in the chain: it may be made anew at any time.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from evidence.disk import Disk
from evidence.event import canonical
from evidence.packet import DATA, Signer
from evidence.seal import BAGIT_TXT, SHA256, SHA512, SIGNATURE, TAGMANIFEST, info_text, manifest
from evidence.timestamps import utc_text

SCHEMA, VERSION = "street-patrol/derived", 1
FACTS = ("event.json", "event.schema.json", "overlay.json")
"""Without pictures: each copy carries them as they were sealed."""

Made = Mapping[str, str]
"""Name of a file that was made, to the name of the one in the sealed packet that it was made from."""


def read_event(packet: Path) -> dict[str, Any]:
    """`event.json` of a packet."""
    event: dict[str, Any] = json.loads((packet / DATA / "event.json").read_bytes())
    return event


def derive(
    packet: Path,
    home: Path,
    derivation: str,
    make: Callable[[Path], tuple[Made, Mapping[str, object]]],
    signer: Signer,
    now: datetime,
    disk: Disk | None = None,
) -> Path:
    """Make a copy, or find the one that was made before.

    Args:
        packet: folder of the sealed packet.
        home: folder of all copies; this one lies at `home/DERIVATION/SHA256-OF-THE-PACKET`.
        derivation: see the module.
        make: given an empty folder, makes the copy's files there; says from what, and how it was done.
        signer: of whoever makes the copy.
        now: the time of the machine, UTC.
        disk: how files are written; another one in tests only.

    Returns:
        The folder of the copy: whole, or it does not exist.

    Raises:
        OSError: something could not be read or written; nothing half-made stays.
    """
    disk = disk or Disk()
    of = sha256((packet / TAGMANIFEST).read_bytes()).hexdigest()
    final = home / derivation / of
    if final.is_dir():
        return final
    draft = home / derivation / f".{of}.draft"
    if draft.exists():
        disk.remove_tree(draft)
    data = draft / DATA
    disk.make_folders(data)
    try:
        made, method = disk.fill(data, lambda: make(data))
        _seal(packet, draft, derivation, of, made, method, signer, now, disk)
        disk.rename(draft, final)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return final


def _seal(
    packet: Path,
    draft: Path,
    derivation: str,
    of: str,
    made: Made,
    method: Mapping[str, object],
    signer: Signer,
    now: datetime,
    disk: Disk,
) -> None:
    event, data = read_event(packet), draft / DATA
    for name in FACTS:
        disk.write(data / name, (packet / DATA / name).read_bytes())
    sources = {**dict(made), **{name: name for name in FACTS}}
    derived = {
        "schema": SCHEMA,
        "schema_version": VERSION,
        "derivation": derivation,
        "of": {"packet_sha256": of, "incident": event["incident"]},
        "files": [
            {"path": f"{DATA}/{name}", "of": f"{DATA}/{source}", "of_sha256": _digest(packet / DATA / source, "sha256")}
            for name, source in sorted(sources.items())
        ],
        "method": method,
    }
    disk.write(data / "derived.json", canonical(derived))
    payload = sorted(data.iterdir())
    provenance = event["provenance"]
    sizes = [path.stat().st_size for path in payload]
    tags = {
        "bagit.txt": BAGIT_TXT,
        "bag-info.txt": info_text(
            {
                "Source-Organization": provenance["site"],
                "External-Identifier": event["incident"],
                "Bagging-Date": utc_text(now)[:10],
                "Bag-Software-Agent": provenance["software"],
                "Payload-Oxum": f"{sum(sizes)}.{len(sizes)}",
                "Derivation": derivation,
                "Derived-From-SHA256": of,
                "Sealed-At": utc_text(now),
                "Signer-Certificate-SHA256": signer.fingerprint,
            }
        ),
        SHA256: manifest({f"{DATA}/{path.name}": _digest(path, "sha256") for path in payload}),
        SHA512: manifest({f"{DATA}/{path.name}": _digest(path, "sha512") for path in payload}),
    }
    tagmanifest = manifest({path: sha256(content).hexdigest() for path, content in tags.items()})
    for name, content in {**tags, TAGMANIFEST: tagmanifest, SIGNATURE: signer.sign(tagmanifest)}.items():
        disk.write(draft / name, content)
    for folder in (data, draft):
        disk.sync_folder(folder)


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return file_digest(file, algorithm).hexdigest()
