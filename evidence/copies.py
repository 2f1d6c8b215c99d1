"""The copies that leave the vault: redacted for anybody, H.264 for a browser, boxes drawn in for a reader on paper."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from detector.observation import Box
from evidence.derived import Made, derive, read_event
from evidence.packet import DATA, Signer
from evidence.redact import ClipWatch, Finders, Scene, blur, hidden, looks_near, scene_of
from evidence.reencode import Picture, pictures, reencode
from evidence.stills import JPEG_QUALITY

STILL_SCALES = (1280, 720)
_SUBJECT, _OTHER = (230, 40, 40), (240, 200, 40)


def redacted(packet: Path, home: Path, finders: Finders, signer: Signer, now: datetime) -> Path:
    """The copy that anybody may see; see `evidence.redact` for what is blurred and `evidence.derived` for the rest."""
    return derive(packet, home, "redacted", partial(_redact, packet, finders), signer, now)


def viewing(packet: Path, home: Path, signer: Signer, now: datetime) -> Path:
    """The clip as H.264 in MP4, which every browser plays. Nothing in it is redacted."""
    return derive(packet, home, "viewing", partial(_each_clip, packet, lambda _name: lambda _at, rgb: rgb), signer, now)


def burned_in(packet: Path, home: Path, signer: Signer, now: datetime) -> Path:
    """The clip with the boxes of `overlay.json` drawn into its pictures. Nothing in it is redacted."""
    overlay, event = _overlay(packet), read_event(packet)

    def drawing(name: str) -> Any:
        size = _clip_size(event, name)

        def draw(clip_s: float, rgb: Picture) -> Picture:
            return _drawn(rgb, _nearest(overlay, f"{DATA}/{name}", clip_s), _scale(event["size_px"], size))

        return draw

    return derive(packet, home, "burned_in", partial(_each_clip, packet, drawing), signer, now)


def _redact(packet: Path, finders: Finders, data: Path) -> tuple[Made, Mapping[str, object]]:
    event, overlay = read_event(packet), _overlay(packet)
    made: dict[str, str] = {}
    blurred = 0
    for still in event["stills"]:
        name = Path(still["path"]).name
        rgb = _read(packet / still["path"])
        boxes = looks_near(overlay, "media_s", still["media_s"], None)
        scene = scene_of(boxes, _on_still(event, still), _four(event["box_px"]), event["class"])
        found = hidden(rgb, scene, finders, STILL_SCALES)
        blurred += len(found)
        _write(data / name, blur(rgb, found))
        made[name] = name
    for file in event["clip"]["files"]:
        name = Path(file["path"]).name
        target = f"{Path(name).stem}.mp4"
        watch = ClipWatch(partial(_clip_scene, event, overlay, file), finders)
        for clip_s, rgb in pictures(packet / DATA / name):
            watch.look(clip_s, rgb)
        reencode(packet / DATA / name, data / target, watch.cover)
        blurred += watch.count
        made[target] = name
    return made, {"faces": "CenterFace", "plates": "PP-OCR text detector", "boxes_blurred": blurred, "codec": "h264"}


def _each_clip(packet: Path, change_for: Any, data: Path) -> tuple[Made, Mapping[str, object]]:
    made: dict[str, str] = {}
    for file in read_event(packet)["clip"]["files"]:
        name = Path(file["path"]).name
        target = f"{Path(name).stem}.mp4"
        reencode(packet / DATA / name, data / target, change_for(name))
        made[target] = name
    return made, {"codec": "h264"}


def _clip_scene(event: Mapping[str, Any], overlay: list[Any], file: Mapping[str, Any], clip_s: float) -> Scene:
    x, y = _scale(event["size_px"], file["size_px"])
    boxes = looks_near(overlay, "clip_s", clip_s, file["path"])
    return scene_of(boxes, lambda b: (b[0] * x, b[1] * y, b[2] * x, b[3] * y), _four(event["box_px"]), event["class"])


def _on_still(event: Mapping[str, Any], still: Mapping[str, Any]) -> Any:
    """From the packet's pixels to a still's: both know the subject's box, and a near still is only a part."""
    far = next((s for s in event["stills"] if s["moment"] == still["moment"] and s["view"] == "far"), None)
    x, y = _scale(event["size_px"], far["size_px"] if far is not None else still["size_px"])
    subject, there = _four(event["reference_px" if still["view"] == "reference" else "box_px"]), still["box_px"]
    dx, dy = there[0] - subject[0] * x, there[1] - subject[1] * y
    return lambda b: (b[0] * x + dx, b[1] * y + dy, b[2] * x + dx, b[3] * y + dy)


def _nearest(overlay: Sequence[Mapping[str, Any]], file: str, clip_s: float) -> Sequence[Mapping[str, Any]]:
    entries = [entry for entry in overlay if entry["file"] == file]
    best = min(entries, key=lambda entry: abs(entry["clip_s"] - clip_s), default=None)
    return best["boxes"] if best is not None and abs(best["clip_s"] - clip_s) <= 0.5 else ()


def _drawn(rgb: Picture, boxes: Sequence[Mapping[str, Any]], scale: tuple[float, float]) -> Picture:
    out = np.ascontiguousarray(rgb)
    for box in boxes:
        left, top, right, bottom = box["box_px"]
        corners = (int(left * scale[0]), int(top * scale[1])), (int(right * scale[0]), int(bottom * scale[1]))
        cv2.rectangle(out, *corners, _SUBJECT if box["subject"] else _OTHER, 2)
    return out


def _overlay(packet: Path) -> list[Any]:
    entries: list[Any] = json.loads((packet / DATA / "overlay.json").read_bytes())
    return entries


def _clip_size(event: Mapping[str, Any], name: str) -> Sequence[int]:
    sizes: Sequence[int] = next(f["size_px"] for f in event["clip"]["files"] if Path(f["path"]).name == name)
    return sizes


def _scale(size_px: Sequence[int], real_px: Sequence[int]) -> tuple[float, float]:
    return real_px[0] / size_px[0], real_px[1] / size_px[1]


def _four(values: Sequence[float]) -> Box:
    return values[0], values[1], values[2], values[3]


def _read(path: Path) -> Picture:
    bgr = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        raise OSError(f"{path.name}: no picture can be read from it")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def _write(path: Path, rgb: Picture) -> None:
    done, encoded = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise ValueError(f"OpenCV could not make a JPEG of a picture of shape {rgb.shape}")
    path.write_bytes(encoded.tobytes())
