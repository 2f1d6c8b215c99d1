"""DJI's subtitle files cut into cues, whatever is missing, doubled or broken in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_TIMING = re.compile(
    r"(\d{1,3}):(\d{1,2}):(\d{1,2})[,.](\d{1,6})\s*-{1,2}>\s*(\d{1,3}):(\d{1,2}):(\d{1,2})[,.](\d{1,6})", re.ASCII
)
_BROKEN_TIMING = re.compile(r"^\s*\d{1,3}:\d{1,2}:\d{1,2}[,.]\d{1,6}\b.*$|^.*-->.*$", re.ASCII)
_COUNTER = re.compile(r"^\s*\d{1,9}\s*$", re.ASCII)
# Only one of each stands in a cue: where a second one comes, a new cue has begun without a timing line.
_ONCE = (
    re.compile(r"\b(?:Frame|Srt)Cnt\s*:", re.IGNORECASE),
    re.compile(r"\bGPS\s*\("),
    re.compile(r"\bHOME\s*\("),
    re.compile(r"\blatitude\s*:", re.IGNORECASE),
    re.compile(r"^\s*\d{4}[-./]\d{1,2}[-./]\d{1,2}\s"),
)


@dataclass(slots=True)
class Cue:
    """One cue as it stands in the file.

    Attributes:
        start_s, end_s: position in the video, None without a timing line.
        lines: its text without counter, timing and blank lines.
        blank_inside: whether a blank line, or a stray counter, stood inside it.
    """

    start_s: float | None = None
    end_s: float | None = None
    lines: list[str] = field(default_factory=list)
    blank_inside: bool = False

    @property
    def text(self) -> str:
        """All of its lines."""
        return "\n".join(self.lines)


def cues_of(text: str) -> Iterator[Cue]:
    """The cues of a subtitle text; text before the first is a cue too when it holds something."""
    cue = Cue()
    blank = False
    for line in text.splitlines():
        timing = _TIMING.search(line)
        if timing is not None:
            if cue.lines or cue.start_s is not None:
                yield cue
            start_s, end_s = _seconds(timing.groups()[:4]), _seconds(timing.groups()[4:])
            cue, blank = Cue(start_s, end_s), False
        elif _COUNTER.match(line) or not line.strip():
            blank = bool(cue.lines)
        elif _BROKEN_TIMING.match(line):
            if cue.lines:
                yield cue
            cue, blank = Cue(), False
        else:
            if any(once.search(line) and any(once.search(had) for had in cue.lines) for once in _ONCE):
                yield cue
                cue = Cue()
            elif blank:
                cue.blank_inside = True
            cue.lines.append(line)
            blank = False
    if cue.lines or cue.start_s is not None:
        yield cue


def _seconds(parts: tuple[str, ...]) -> float:
    hours, minutes, seconds, fraction = parts
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{fraction}")
