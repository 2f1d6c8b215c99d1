"""What may stand in the files of a site folder: names, types and defaults. What it means is checked elsewhere."""

from datetime import date
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from patrol.site.errors import SiteError
from patrol.site.lines import Lines
from patrol.site.lines import Path as KeyPath


def _as_date(value: object) -> object:
    """A day as TOML or as JSON writes it."""
    return date.fromisoformat(value) if isinstance(value, str) else value


def _known_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # unknown, a folder of zones, a path: the library has one error for each
        raise PydanticCustomError("timezone", "unknown timezone '{name}'", {"name": name}) from None
    return name


Name = Annotated[str, Field(min_length=1, pattern=r"^\S(.*\S)?$")]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Day = Annotated[date, BeforeValidator(_as_date)]
Point = Annotated[list[Finite], Field(min_length=2, max_length=2)]
Ring = Annotated[list[Point], Field(min_length=3)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ZoneKeys(_Strict):
    """What a zone says of itself, wherever it is drawn."""

    id: Name
    kind: Name
    classes: Annotated[list[Name], Field(min_length=1)] | None = None
    dwell_s: Seconds | None = None
    hours: str = "24/7"
    phase: Literal["shadow", "warning", "live"] = "live"
    valid_from: Day | None = None
    valid_to: Day | None = None
    legal_basis: str = ""
    remind_s: Seconds = 0.0
    max_stay_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None


class PictureZone(ZoneKeys):
    """A zone of one camera: its outline and its holes in pixels of `size_px`."""

    polygon_px: Ring
    holes_px: list[Ring] = []


class CalibrationPoint(_Strict):
    """A pixel and its place."""

    px: Point
    lat: Annotated[float, Field(ge=-90, le=90)]
    lon: Annotated[float, Field(ge=-180, le=180)]


class ReferenceKeys(_Strict):
    """A landmark that never moves, marked at calibration: left, top, right, bottom in pixels of `size_px`."""

    box_px: Annotated[list[Finite], Field(min_length=4, max_length=4)]
    name: str = ""


class ApprovalKeys(_Strict):
    """What a camera must have before anybody is fined by what it saw."""

    number: Name
    calibrated: Day
    sign: bool
    published: Name


class CameraFile(_Strict):
    """cameras/ID.toml."""

    source: Annotated[str, Field(min_length=1)]
    size_px: Annotated[list[Annotated[int, Field(ge=16, le=32768)]], Field(min_length=2, max_length=2)]
    zones: list[Any] = []  # each a PictureZone, read on its own so that an error in one hides none in another
    calibration: list[CalibrationPoint] = []
    reference: ReferenceKeys | None = None
    approval: ApprovalKeys | None = None


class DispatchKeys(_Strict):
    """A case API that cases are posted to; its token comes from the environment."""

    url: Annotated[str, Field(pattern=r"^https?://[^\s/]+")]
    kind: Literal["patrol", "open311", "city", "webhook"] = "patrol"
    name: Name | None = None
    token_variable: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")] = "PATROL_DISPATCH_TOKEN"  # noqa: S105 - its name
    options: dict[str, Any] = {}  # what its kind takes, see `patrol/dispatching.py`


Days = Annotated[int, Field(ge=1)]


class RetentionKeys(_Strict):
    """How long packets are kept after a case came to that state; `kinds` says otherwise for single kinds."""

    dismissed_days: Days = 15
    closed_days: Days = 1095
    kinds: dict[str, dict[Literal["dismissed_days", "closed_days"], Days]] = {}


class EvidenceKeys(_Strict):
    """Who vouches for the time, and how much room evidence may take."""

    tsa: Annotated[str, Field(pattern=r"^https?://[^\s/]+")] | None = None
    tsa_certificate: str | None = None
    quota_gb: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    free_floor_mb: Annotated[int, Field(ge=1)] = 512


class KindKeys(_Strict):
    """A kind of zone of the site's own: a row of the table in `rules/kinds.py`."""

    rule: str
    incident: Name
    classes: Annotated[list[Name], Field(min_length=1)]
    dwell_s: Seconds = 0.0
    category: str = ""


class SiteFile(_Strict):
    """site.toml."""

    name: Name
    timezone: Annotated[str, AfterValidator(_known_timezone)]
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "CN"
    data: Annotated[str, Field(min_length=1)] | None = None
    detectors: list[Name] | None = None
    dispatch: list[DispatchKeys] = []
    retention: RetentionKeys = RetentionKeys()
    evidence: EvidenceKeys = EvidenceKeys()
    kinds: dict[str, KindKeys] = {}


class YearKeys(_Strict):
    """One year of calendar.toml: days, or ranges of days as `2026-10-01/2026-10-07`."""

    holidays: list[date | str]
    working_days: list[date | str] = []
    school_holidays: list[date | str] | None = None


class CellKeys(_Strict):
    """Properties of a grid cell."""

    id: Name
    unit: Name
    level: Literal[1, 2] = 2
    parent: Name | None = None


class Shape(BaseModel):
    """A GeoJSON geometry; further members are allowed there (RFC 7946, section 6.1)."""

    type: Literal["Polygon", "MultiPolygon"]
    coordinates: list[Any]


class Feature(BaseModel):
    """A GeoJSON feature."""

    type: Literal["Feature"]
    geometry: Shape
    properties: dict[str, Any]


class FeatureCollection(BaseModel):
    """A GeoJSON file."""

    type: Literal["FeatureCollection"]
    features: list[Any]


_DO = {
    "extra_forbidden": "remove it or correct its spelling",
    "missing": "add it",
    "literal_error": "use one of those",
    "too_short": "add the missing ones",
    "too_long": "remove the extra ones",
    "timezone": "write it as Asia/Shanghai",
    "string_too_short": "write a text that is not empty",
}


Model = TypeVar("Model", bound=BaseModel)


def read_as(
    model: type[Model], value: object, file: str, lines: Lines, at: KeyPath = ()
) -> tuple[Model | None, list[SiteError]]:
    """What stands at `at` in a file, as a model, and what is wrong with it.

    Keys that are wrong are left out and the rest is read without them where that is possible: so one error does not
    hide those that are found later.
    """
    try:
        return model.model_validate(value), []
    except ValidationError as error:
        found = problems(error, file, lines, at)
        wrong = {detail["loc"][0] for detail in error.errors() if detail["loc"]}
    rest = {key: kept for key, kept in value.items() if key not in wrong} if isinstance(value, dict) else value
    try:
        return model.model_validate(rest), found
    except ValidationError:
        return None, found


def problems(error: ValidationError, file: str, lines: Lines, at: KeyPath = ()) -> list[SiteError]:
    """What pydantic found, with the line it stands on.

    Args:
        error: from validating what stands at `at` in the file.
        file: path within the site folder.
        lines: of that file.
        at: path of the validated value.
    """
    found = []
    for detail in error.errors(include_url=False, include_context=False, include_input=False):
        path = tuple(part for part in detail["loc"] if not _is_union_branch(part))
        key = ".".join(str(part) for part in path) or "the file"
        kind = detail["type"]
        says = detail["msg"][0].lower() + detail["msg"][1:]
        what = {"extra_forbidden": f"unknown key {key}", "missing": f"{key} is missing"}.get(kind, f"{key}: {says}")
        found.append(SiteError(file, lines.of((*at, *path)), what, _DO.get(kind, "correct the value")))
    return found


def _is_union_branch(part: str | int) -> bool:
    """Pydantic names the alternative it tried; an operator did not write it."""
    return isinstance(part, str) and (
        part in {"date", "str"} or part.startswith(("function-", "list[", "constrained-"))
    )
