"""A report comes in: it is filed, joined to the case that shows the same, or dispatched; all of it or nothing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from api.auto_dispatch import dispatch_new
from api.case_list import by_id
from api.case_moves import CaseRules
from api.cases import Case, Filed, file_report
from api.moves import Actor
from api.sameness import merge_new
from api.tables import CaseRow


def take_in(
    session: Session,
    report: Filed,
    *,
    key: str,
    event: Mapping[str, Any],
    source: Actor,
    rules: CaseRules,
    now: datetime,
) -> tuple[Case, bool]:
    """Make a case of a box's report, once, and let it go on by itself where the site's routing lets it.

    Returns:
        The case, and whether it is new.

    Raises:
        KeyReused: the key belongs to another report.
    """
    case, is_new = file_report(session, report, key=key, event=event, source=source, now=now)
    if not is_new:
        return case, False
    row = session.get_one(CaseRow, case.id)
    if not merge_new(session, row, rules, now) and rules.router is not None:
        dispatch_new(session, row, rules.router, rules, now)
    return (case if row.version == 1 else by_id(session, case.id)), True
