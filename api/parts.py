"""What the service is handed when it is made: every route finds it here, and nothing is global."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Annotated

from fastapi import Depends, Request
from shapely.geometry.base import BaseGeometry

from api.cameras import CameraHealth
from api.case_moves import NO_RULES, CaseRules
from api.clocks import Limits
from api.metrics import Metrics
from api.store import Store
from api.vault import CaseVault

CameraHealthProvider = Callable[[], Sequence[CameraHealth]]


@dataclass(frozen=True, slots=True)
class Parts:
    """The service's parts.

    Attributes:
        require_page_token: whether pages ask for a read token; without, they open to loopback clients only.
        timezone: of the site, for times on pages.
        clock: the time now, aware, UTC.
        rules: what the site says about moves of cases.
        limits: how long each step of a case may take; None where the site does not say.
        boundary: the area that the site serves, degrees, x east and y north; None refuses no place.
    """

    store: Store
    vault: CaseVault
    require_page_token: bool
    camera_health: CameraHealthProvider
    metrics: Metrics
    version: str
    site_name: str
    timezone: tzinfo
    clock: Callable[[], datetime]
    rules: CaseRules = NO_RULES
    boundary: BaseGeometry | None = None
    limits: Limits | None = None


def parts_of(request: Request) -> Parts:
    """The parts of the service that serves this request."""
    parts = request.app.state.parts
    assert isinstance(parts, Parts)  # noqa: S101 - `create_app` puts it there
    return parts


TheParts = Annotated[Parts, Depends(parts_of)]
