"""limits.toml: how long each step of a case may take; without the file no case is ever late.

work_hours = ["08:30-12:00", "14:30-18:00"]
to_dispatch = "2 work_hour"
to_handle = "1 work_day"            # every category that is not listed
[categories]
"0505" = "4 work_hour"              # urgent_hour, work_hour, work_day, natural_day
"""

from datetime import time
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.clocks import Limits
from api.worktime import Limit, Unit, WorkTime
from patrol.site.errors import SiteErrors
from patrol.site.files import Folder
from patrol.site.schema import read_as
from patrol.site.site import Site

FILE = "limits.toml"

_Clock = r"([01]\d|2[0-3]):[0-5]\d"
_LimitText = Annotated[str, Field(pattern=rf"^\d+(\.\d+)? ({'|'.join(Unit)})$")]


class _LimitsFile(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    work_hours: list[Annotated[str, Field(pattern=rf"^{_Clock}-{_Clock}$")]] = ["08:30-12:00", "14:30-18:00"]
    to_dispatch: _LimitText = "2 work_hour"
    to_handle: _LimitText = "1 work_day"
    categories: dict[str, _LimitText] = {}


def read_limits(site: Site) -> Limits | None:
    """The site's limits; None where it has no limits.toml.

    Raises:
        SiteErrors: something in the file is wrong.
    """
    folder = Folder(site.folder)
    read = folder.toml(FILE)
    if read is None:
        if folder.errors:
            raise SiteErrors(folder.path, folder.errors)
        return None
    keys, errors = read_as(_LimitsFile, read[0], FILE, read[1])
    if errors or keys is None:
        raise SiteErrors(folder.path, errors)
    hours = tuple((_clock(text[:5]), _clock(text[6:])) for text in keys.work_hours)
    try:
        if not hours or any(a >= b for a, b in hours) or list(hours) != sorted(hours):
            raise ValueError("work_hours must be in order, each from earlier to later")
        return Limits(
            WorkTime(site.timezone, site.calendar, hours),
            _limit(keys.to_dispatch),
            MappingProxyType({code: _limit(text) for code, text in keys.categories.items()}),
            _limit(keys.to_handle),
        )
    except ValueError as problem:
        folder.error(FILE, 1, str(problem), "correct it")
        raise SiteErrors(folder.path, folder.errors) from problem


def _clock(text: str) -> time:
    return time.fromisoformat(text)


def _limit(text: str) -> Limit:
    amount, unit = text.split(" ")
    return Limit(float(amount), Unit(unit))
