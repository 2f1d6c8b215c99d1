"""From what a site says to what its service does with cases: rules for moves, routing, and a driver for each target."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.case_moves import CaseRules
from api.clocks import Limits
from api.dispatch.city_json import City, CityJson
from api.dispatch.driver import Driver
from api.dispatch.open311 import Open311
from api.dispatch.own_api import OwnApi
from api.dispatch.webhook import Webhook
from api.penalty import Approval
from api.routing import Cell, Router
from patrol.errors import RequestProblem
from patrol.site import Site, SiteErrors
from patrol.site.limits import read_limits
from patrol.site.routing import read_router, unit_names
from patrol.site.site import DispatchTarget


def rules_of(site: Site) -> CaseRules:
    """What the site says about moves: the papers of its cameras, its units and who answers for what.

    Raises:
        RequestProblem: routing.toml or units.toml has errors.
    """
    try:
        router = read_router(site)
    except SiteErrors as errors:
        raise RequestProblem("\n".join(str(error) for error in errors.errors)) from errors
    approvals = {
        camera.id: Approval(papers.number, papers.calibrated, papers.sign, papers.published)
        for camera in site.cameras.values()
        if (papers := camera.approval) is not None
    }
    return CaseRules(approvals, unit_names(router), site.timezone, router)


def limits_of(site: Site) -> Limits | None:
    """How long each step may take; None where the site does not say.

    Raises:
        RequestProblem: limits.toml has errors.
    """
    try:
        return read_limits(site)
    except SiteErrors as errors:
        raise RequestProblem("\n".join(str(error) for error in errors.errors)) from errors


def driver_of(site: Site, target: DispatchTarget, secret: str) -> Driver:
    """The driver of one target.

    Raises:
        RequestProblem: its options are not what its kind takes.
    """
    try:
        return _KINDS[target.kind](site, target, secret)
    except (ValidationError, ValueError) as problem:
        raise RequestProblem(f"dispatch target {target.name}, kind {target.kind}: {problem}") from problem


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Open311Options(_Options):
    """`[dispatch.options]` of kind open311."""

    services: dict[str, str] = {}
    jurisdiction: str = ""


class _CityOptions(_Options):
    """`[dispatch.options]` of kind city; see `api/dispatch/city_json.py`."""

    fields: dict[str, str] = {}
    items: dict[str, Annotated[list[str], Field(min_length=2, max_length=2)]] = {}
    source: str | None = None
    post: str | None = None
    lookup: str | None = None
    accepted: list[str] | None = None
    code_field: str | None = None
    data_field: str | None = None
    reference_field: str | None = None
    time_format: str | None = None
    photo_types: dict[str, str] | None = None


def _own(_: Site, target: DispatchTarget, secret: str) -> Driver:
    return OwnApi(target.url, secret)


def _open311(_: Site, target: DispatchTarget, secret: str) -> Driver:
    options = _Open311Options.model_validate(dict(target.options))
    return Open311(target.url, secret, options.services, options.jurisdiction)


def _webhook(site: Site, target: DispatchTarget, secret: str) -> Driver:
    _Options.model_validate(dict(target.options))
    return Webhook(target.url, secret, f"/street-patrol/{site.name}")


def _city(site: Site, target: DispatchTarget, secret: str) -> Driver:
    options = _CityOptions.model_validate(dict(target.options)).model_dump(exclude_none=True)
    items = {ours: (theirs[0], theirs[1]) for ours, theirs in options.pop("items").items()}
    given: dict[str, Any] = options | {"items": items}
    if "accepted" in given:
        given["accepted"] = tuple(given["accepted"])
    cells = Router((), _cells(site))
    return CityJson(target.url, secret, City(site.timezone, **given), cells.grid_of)


def _cells(site: Site) -> list[Cell]:
    return [Cell(cell.id, cell.unit, cell.level, cell.parent, cell.shape) for cell in site.grid]


_KINDS: Mapping[str, Callable[[Site, DispatchTarget, str], Driver]] = {
    "patrol": _own,
    "open311": _open311,
    "webhook": _webhook,
    "city": _city,
}
