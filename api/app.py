"""The service: our API, the pages, health and figures, made from the parts it is handed."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo

from fastapi import FastAPI
from shapely.geometry.base import BaseGeometry
from starlette.datastructures import MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import errors
from api.case_moves import NO_RULES, CaseRules
from api.clocks import Limits
from api.clockwork import clockwork
from api.metrics import CountRequests, Metrics, SiteCollector
from api.parts import CameraHealthProvider, Parts
from api.rendering import WEB
from api.routes import cases, figures, health, moves, open311, outbox, packets, pages
from api.store import Store
from api.vault import CaseVault

THIS_MACHINE = ("127.0.0.1", "localhost", "::1", "[::1]")

# No script, nothing from another host, nobody may frame us.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def create_app(
    store: Store,
    vault: CaseVault,
    *,
    require_page_token: bool,
    camera_health: CameraHealthProvider | None = None,
    version: str,
    site_name: str = "Street Patrol",
    timezone: tzinfo = UTC,
    allowed_hosts: Sequence[str] | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    rules: CaseRules = NO_RULES,
    boundary: BaseGeometry | None = None,
    limits: Limits | None = None,
) -> FastAPI:
    """The service of one site.

    Args:
        store: its database.
        vault: its evidence.
        require_page_token: whether pages ask for a read token; pass False only when listening on loopback.
        camera_health: who knows the cameras; by default what `run` noted in the store.
        version: of the program.
        site_name: shown on pages.
        timezone: of the site, for times on pages.
        allowed_hosts: names the service answers to; by default this machine's, or any where pages need a token.
        clock: the time now, aware, UTC.
        rules: what the site says about moves of cases.
        boundary: the area that the site serves, in degrees; without, no place is refused.
        limits: how long each step may take; without, no case is ever late.
    """
    metrics, cameras = Metrics(), camera_health or store.camera_health
    metrics.registry.register(SiteCollector(store, vault.free_bytes, cameras, clock))
    app = FastAPI(
        title="Street Patrol",
        version=version,
        summary="Cases with sealed evidence, reported by boxes and read by whoever works on them.",
        docs_url=None,  # the usual pages load scripts from other hosts
        redoc_url=None,
        lifespan=None if limits is None else clockwork(store, limits, rules, clock),
    )
    app.state.parts = Parts(
        store, vault, require_page_token, cameras, metrics, version, site_name, timezone, clock, rules, boundary, limits
    )
    errors.install(app)
    for router in (
        packets.router,
        cases.router,
        moves.router,
        open311.router,
        outbox.router,
        figures.router,
        health.router,
        pages.router,
        pages.evidence,
    ):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=WEB / "static"), name="static")
    hosts = allowed_hosts or (["*"] if require_page_token else THIS_MACHINE)
    # A page of another host that names us as its own (DNS rebinding) is turned away before anything else.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)
    app.add_middleware(_AddHeaders)
    app.add_middleware(CountRequests, metrics=metrics)
    return app


class _AddHeaders:
    """Middleware that puts the safety headers on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def adding(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, adding)
