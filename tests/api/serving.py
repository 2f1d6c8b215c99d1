"""The real service for tests: in process for most, on a real socket where sockets matter, with faults on demand."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from api.app import create_app
from api.store import Store
from api.tokens import TokenScope
from api.vault import CaseVault
from tests.api.packets import Sealed
from tests.api.values import NOW


@dataclass(slots=True)
class Service:
    """A server with everything behind it, and a token of each scope."""

    store: Store
    vault: CaseVault
    app: FastAPI
    tokens: dict[TokenScope, str]

    def browser(self, address: str = "127.0.0.1", host: str = "http://127.0.0.1") -> TestClient:
        """A client without any token."""
        return TestClient(self.app, base_url=host, client=(address, 50000), follow_redirects=False)

    def client(self, scope: TokenScope) -> TestClient:
        """A program with a token of this scope."""
        client = self.browser()
        client.headers["Authorization"] = f"Bearer {self.tokens[scope]}"
        return client

    @property
    def box(self) -> TestClient:
        """A box that reports."""
        return self.client(TokenScope.BOX)

    @property
    def reader(self) -> TestClient:
        """A program that reads."""
        return self.client(TokenScope.READ)

    def take(self, sealed: Sealed) -> str:
        """Upload and report, as a box does; returns the case's id."""
        answer = self.box.put(f"/api/v1/packets/{sealed.sha256}", content=sealed.zipped())
        assert answer.status_code in (200, 201), answer.text
        key = {"Idempotency-Key": sealed.incident.id}
        answer = self.box.post("/api/v1/cases", json=sealed.report.body(), headers=key)
        assert answer.status_code in (200, 201), answer.text
        return str(answer.json()["id"])


@contextmanager
def service(folder: Path, *, require_page_token: bool = False, **vault_limits: int) -> Iterator[Service]:
    """A new service in a folder."""
    store = Store(folder / "server")
    vault = CaseVault(folder / "server" / "vault", **({"floor_bytes": 0} | vault_limits))
    tokens = {
        scope: store.make_token(f"a-{scope}", scope, NOW, "squad-1" if scope is TokenScope.UNIT else None)
        for scope in TokenScope
    }
    app = create_app(store, vault, require_page_token=require_page_token, version="0.1.0-test", clock=lambda: NOW)
    try:
        yield Service(store, vault, app, tokens)
    finally:
        store.close()


@contextmanager
def listening(app: ASGIApp) -> Iterator[str]:
    """Serve an application on a port of its own; gives its address."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=2, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    deadline = time.monotonic() + 15
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(15)
        listener.close()
