"""What the pages show of a case: read leniently from its packet, so that a page never fails on what it cannot show."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from api.cases import Case
from api.words import CLASSES, CLOCKS, KINDS, MOMENTS, MOVES, PHASES, STATES, VIEWS, Words, words


def _or_empty(value: object) -> object:
    return {} if value is None else value


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Moment(_Part):
    """A moment, who says so, and how sure that is."""

    captured_at: AwareDatetime | None = None
    source: str = ""
    error_s: float | None = None


class Times(_Part):
    """When things happened."""

    started: Annotated[Moment, BeforeValidator(_or_empty)] = Moment()
    raised: Annotated[Moment, BeforeValidator(_or_empty)] = Moment()
    ended: Annotated[Moment, BeforeValidator(_or_empty)] = Moment()
    sealed: Annotated[Moment, BeforeValidator(_or_empty)] = Moment()


class Zone(_Part):
    """The zone as it was used."""

    id: str = ""
    kind: str = ""
    hours: str | None = ""
    dwell_s: float | None = None
    legal_basis: str | None = ""


class Still(Moment):
    """One picture."""

    path: str
    moment: str = ""
    view: str = ""
    size_px: tuple[int, int] = (0, 0)


class Sentence(_Part):
    """A step of the verdict, or something missing, in words."""

    code: str = ""
    en: str = ""
    zh: str = ""


class ClipFile(_Part):
    """A file of the clip."""

    path: str
    codec: str = ""


class Clip(_Part):
    """The uncut clip."""

    files: tuple[ClipFile, ...] = ()


class Place(_Part):
    """Where on earth."""

    lat: float
    lon: float
    error_m: float


class Model(_Part):
    """Weights that saw it."""

    name: str = ""
    version: str = ""


class Provenance(_Part):
    """What it was made with."""

    site: str = ""
    software: str = ""
    rules_version: str = ""
    models: tuple[Model, ...] = ()


class Sufficiency(_Part):
    """Whether the evidence meets its minimum."""

    verdict: str = ""
    missing: tuple[Sentence, ...] = ()


class Event(_Part):
    """The part of `event.json` that pages show."""

    phase: str = ""
    dwell_s: float | None = None
    score: float | None = None
    zone: Zone = Zone()
    times: Times = Times()
    position: Place | None = None
    trace: tuple[Sentence, ...] = ()
    stills: tuple[Still, ...] = ()
    stills_missing: tuple[Sentence, ...] = ()
    clip: Clip = Clip()
    provenance: Provenance = Provenance()
    sufficiency: Sufficiency = Field(default=Sufficiency())


@dataclass(frozen=True, slots=True)
class TimeText:
    """A moment for people: local date and time, and who says so within how many seconds."""

    date: str
    time: str
    zone: str
    iso: str
    source: Words
    error: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A still on a page."""

    url: str
    moment: Words
    view: Words
    time: TimeText | None
    size_px: tuple[int, int]


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case on a page; every text is as it came and still has to be escaped."""

    case: Case
    url: str
    kind: Words
    class_name: Words
    state: Words
    phase: Words
    raised: TimeText
    started: TimeText | None
    ended: TimeText | None
    sealed: TimeText | None
    created: TimeText
    thumbnail: str | None
    pictures: tuple[Picture, ...]
    clip_url: str | None
    plays: bool
    event: Event
    history: tuple[tuple[TimeText, Words, str, str], ...]


def view(case: Case, timezone: tzinfo) -> CaseView:
    """What pages show of a case, in the site's time."""
    event = _event(case.event)
    report, url = case.report, f"/cases/{case.id}"
    pictures = tuple(_picture(still, url, timezone) for still in event.stills)
    clip = event.clip.files[0] if event.clip.files else None
    raised = event.times.raised
    return CaseView(
        case=case,
        url=url,
        kind=words(KINDS, report.kind),
        class_name=words(CLASSES, report.class_name),
        state=words(STATES, case.state.value),
        phase=words(PHASES, event.phase),
        raised=time_text(report.raised_at, raised.source, raised.error_s, timezone),
        started=_moment(event.times.started, timezone),
        ended=_moment(event.times.ended, timezone),
        sealed=_moment(event.times.sealed, timezone),
        created=time_text(case.created, "box", None, timezone),
        thumbnail=_thumbnail(event, url),
        pictures=pictures,
        clip_url=f"{url}/clip" if clip else None,
        # Browsers play H.264 in MP4; the camera's other formats are for download.
        plays=clip is not None and clip.codec == "h264" and clip.path.endswith(".mp4"),
        event=event,
        history=tuple(
            (time_text(e.at, "box", None, timezone), words(MOVES, e.move), e.actor, e.reason) for e in case.history
        ),
    )


def _event(body: Any) -> Event:
    try:
        return Event.model_validate(body)
    except ValidationError:
        return Event()


def _picture(still: Still, url: str, timezone: tzinfo) -> Picture:
    return Picture(
        url=f"{url}/stills/{PurePosixPath(still.path).name}",
        moment=words(MOMENTS, still.moment),
        view=words(VIEWS, still.view),
        time=_moment(still, timezone),
        size_px=still.size_px,
    )


def _thumbnail(event: Event, url: str) -> str | None:
    """The thing itself at the verdict; failing that, whatever picture comes last."""
    ranked = sorted(event.stills, key=lambda s: (s.moment == "verdict", s.view == "near"))
    return f"{url}/stills/{PurePosixPath(ranked[-1].path).name}" if ranked else None


def _moment(moment: Moment, timezone: tzinfo) -> TimeText | None:
    if moment.captured_at is None:
        return None
    return time_text(moment.captured_at, moment.source, moment.error_s, timezone)


def time_text(at: datetime, source: str, error_s: float | None, timezone: tzinfo) -> TimeText:
    """A moment in the site's time; `error_s` None where nobody vouches for it."""
    local = at.astimezone(timezone)
    offset = local.strftime("%z")
    return TimeText(
        date=local.strftime("%Y-%m-%d"),
        time=local.strftime("%H:%M:%S"),
        zone=f"UTC{offset[:3]}:{offset[3:5]}",
        iso=at.isoformat(),
        source=words(CLOCKS, source),
        error="" if error_s is None else f"±{error_s:.2f} s" if error_s >= 0.01 else "±0.01 s",
    )
