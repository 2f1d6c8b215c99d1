"""`/api/v1/figures`: the published figures, as JSON and as CSV."""

import csv
import io
from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel

from api.auth import ReadToken
from api.errors import answers
from api.figures import NAMES
from api.parts import TheParts

router = APIRouter(prefix="/api/v1", tags=["figures"])

Group = Literal["all", "unit", "category", "zone"]
Since = Annotated[AwareDatetime | None, Query(description="reported at or after; by default 30 days ago")]
Until = Annotated[AwareDatetime | None, Query(description="reported before; by default now")]


class Figures(BaseModel):
    """Figures of a period: rates are shares of 1, `avgHandleTime` is hours, null is a rate of nothing."""

    since: AwareDatetime
    until: AwareDatetime
    by: Group
    rows: dict[str, dict[str, float | None]]


@router.get("/figures", summary="Published figures", response_model=Figures, responses=answers(401, 403, 422))
def read_figures(_: ReadToken, parts: TheParts, by: Group = "all", since: Since = None, until: Until = None) -> Figures:
    """Counted from the events each time they are asked for."""
    upto = until or parts.clock()
    begin = since or upto - timedelta(days=30)
    rows = parts.store.published(begin, upto, by, parts.limits)
    return Figures(since=begin, until=upto, by=by, rows=rows)


@router.get(
    "/figures.csv", summary="Published figures as CSV", response_class=Response, responses=answers(401, 403, 422)
)
def figures_csv(
    token: ReadToken, parts: TheParts, by: Group = "all", since: Since = None, until: Until = None
) -> Response:
    """One line a group, the same numbers."""
    told = read_figures(token, parts, by, since, until)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow([by, *NAMES])
    for key, row in told.rows.items():
        # A cell that begins so is a formula to a spreadsheet.
        shown = f"'{key}" if key[:1] in ("=", "+", "-", "@") else key
        table.writerow([shown, *("" if row[name] is None else row[name] for name in NAMES)])
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8")
