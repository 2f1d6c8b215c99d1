"""Boxes beside the clip, never burned into it: what was seen when, and which box is the subject of the case."""

from collections.abc import Sequence

from detector.observation import Box, Observation, Track
from evidence.clip import ClipFacts
from evidence.timestamps import utc_text
from rules.boxes import iou

SUBJECT_OVERLAP = 0.5
"""A track is the incident's thing where it shares this much of its area with the incident's box (IoU)."""


def overlay(looks: Sequence[Observation], box_px: Box, clip: ClipFacts) -> list[dict[str, object]]:
    """One entry a look, oldest first.

    `clip_s` is the position in `file` of the picture nearest to the look, or null where the clip does not show it.

    Args:
        looks: observations; only tracks that were seen in a look itself are drawn, not remembered ones.
        box_px: the incident's box, in the same pixels as the tracks'.
        clip: what the clip holds.
    """
    entries: list[dict[str, object]] = []
    for look in looks:
        place = clip.place(look.clock.media_s)
        subject = subject_of(look, box_px)
        entries.append(
            {
                "media_s": look.clock.media_s,
                "captured_at": utc_text(look.clock.captured_at),
                "file": f"data/{place[0]}" if place else None,
                "clip_s": round(place[1], 6) if place else None,
                "boxes": [_box(track, subject) for track in _seen(look)],
            }
        )
    return entries


def subject_of(look: Observation, box_px: Box) -> Track | None:
    """The track that lies best over the incident's box in one look, if any lies well enough."""
    best = max(_seen(look), key=lambda track: iou(track.box_px, box_px), default=None)
    return best if best is not None and iou(best.box_px, box_px) >= SUBJECT_OVERLAP else None


def _seen(look: Observation) -> list[Track]:
    return [track for track in look.tracks if track.last_seen_s == look.clock.media_s]


def _box(track: Track, subject: Track | None) -> dict[str, object]:
    return {
        "track": track.id,
        "class": track.class_name,
        "score": round(float(track.score), 4),
        "box_px": [round(float(v), 2) for v in track.box_px],
        "subject": track is subject,
    }
