"""`patrol token SITE NAME --scope SCOPE`: a bearer token for a box, a reader or an app of the public."""

from datetime import UTC, datetime
from pathlib import Path

import click

from api.database import StoreUnusable
from api.store import Store
from api.tokens import TokenExists, TokenScope
from patrol.errors import RequestProblem
from patrol.site import SiteErrors, load_site

_MAY = {
    TokenScope.BOX: "upload packets and report cases",
    TokenScope.READ: "see cases and their evidence",
    TokenScope.REPORT: "file reports through Open311",
    TokenScope.REVIEW: "give verdicts on cases and check what was done",
    TokenScope.DUTY: "accept, dispatch, supervise and close cases",
    TokenScope.UNIT: "handle the cases of its unit",
}


@click.command()
@click.argument("site", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("name")
@click.option(
    "--scope",
    type=click.Choice([scope.value for scope in TokenScope]),
    required=True,
    help="; ".join(f"{scope}: {words}" for scope, words in _MAY.items()),
)
@click.option("--unit", help="Whom the token belongs to; for scope unit, by default NAME.")
def token(site: Path, name: str, scope: str, unit: str | None) -> None:
    """Make a token for NAME and print it once; it is stored only as a digest. Makes the store when there is none."""
    try:
        data = load_site(site).data
    except SiteErrors as errors:
        raise RequestProblem("\n".join(str(error) for error in errors.errors)) from errors
    try:
        store = Store(data)
    except StoreUnusable as problem:
        raise RequestProblem(str(problem)) from problem
    if scope == TokenScope.UNIT:
        unit = unit or name
    try:
        secret = store.make_token(name, TokenScope(scope), datetime.now(UTC), unit)
    except (TokenExists, ValueError) as problem:
        raise RequestProblem(str(problem)) from problem
    finally:
        store.close()
    click.echo(f"{name} may {_MAY[TokenScope(scope)]}; this is shown once:", err=True)
    click.echo(secret)
