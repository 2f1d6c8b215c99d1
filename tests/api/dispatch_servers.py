"""Dispatch servers of other people, small and real: an Open311 server and a city's platform, with faults on demand."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


class Faults:
    """What happens to every post in turn."""

    def __init__(self, hang_s: float = 0.0) -> None:
        self.hang_s = hang_s
        self.posts = 0
        self.lock = threading.Lock()

    def next(self) -> str:
        """Every third post: a timeout after the commit; between them errors and nonsense."""
        if not self.hang_s:
            return "none"
        with self.lock:
            self.posts += 1
            n = self.posts
        if n % 3 == 0:
            return "timeout after commit"
        return {1: "500 before", 4: "500 after commit", 7: "nonsense after commit"}.get(n % 10, "none")


class Foreign:
    """A server somebody else wrote: it makes a new request of every post it commits, however often the same comes."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.requests: list[dict[str, Any]] = []
        self.lock = threading.Lock()
        self.updates: list[dict[str, Any]] = []
        self.heard: list[tuple[str, str]] = []

    def commit(self, row: dict[str, Any]) -> dict[str, Any]:
        """Take it, as a new one."""
        with self.lock:
            row["id"] = f"F-{len(self.requests) + 1}"
            self.requests.append(row)
        return row


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    foreign: Foreign

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def answer(self, status: int, body: Any) -> None:
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        fault = self.foreign.faults.next()
        if fault == "500 before":
            self.answer(500, "try later")
            return
        status, said = self.take(urlsplit(self.path).path, body)
        if fault == "timeout after commit":
            time.sleep(self.foreign.faults.hang_s)
            self.close_connection = True
        elif fault == "500 after commit":
            self.answer(500, "oops")
        elif fault == "nonsense after commit":
            self.answer(200, "<html>welcome</html>")
        else:
            self.answer(status, said)

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        self.answer(*self.find(address.path, {k: v[0] for k, v in parse_qs(address.query).items()}))

    def take(self, path: str, body: bytes) -> tuple[int, Any]:
        raise NotImplementedError

    def find(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
        raise NotImplementedError


class Open311Handler(_Handler):
    """GeoReport v2 as a city has it: its own service codes, lists in no order, pages of a hundred."""

    def take(self, path: str, body: bytes) -> tuple[int, Any]:
        form = {k: v[0] for k, v in parse_qs(body.decode()).items()}
        self.foreign.heard.append((path, form.get("api_key", "")))
        if form.get("api_key") != "the-key":
            return 403, [{"code": 403, "description": f"bad key {form.get('api_key')}"}]
        if form.get("service_code") not in ("PARK", "0501"):
            return 400, [{"code": 400, "description": "no such service"}]
        row = self.foreign.commit({"description": form["description"], "service_code": form["service_code"], **form})
        return 200, [{"service_request_id": row["id"]}]

    def find(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
        shown = [
            {"service_request_id": row["id"], "status": "open", **{k: row[k] for k in ("description", "service_code")}}
            for row in self.foreign.requests
        ]
        if path.endswith("/services.json"):
            return 200, [{"service_code": code, "service_name": code} for code in ("PARK", "0501")]
        if path.endswith("/servicerequestupdates.json"):
            return 200, self.foreign.updates
        if path.endswith("/requests.json"):
            page = int(query.get("page", "1")) - 1
            mine = [row for row in reversed(shown) if row["service_code"] == query["service_code"]]
            return 200, mine[page * 100 : page * 100 + 100]
        wanted = [row for row in shown if path.endswith(f"/requests/{row['service_request_id']}.json")]
        return (200, wanted) if wanted else (404, [{"code": 404, "description": "no such request"}])


class CityHandler(_Handler):
    """A platform that answers 200 to everything and says in the body what it means."""

    def take(self, path: str, body: bytes) -> tuple[int, Any]:  # noqa: ARG002 - one path takes all
        case = json.loads(body)
        if case["smallClassCode"] == "99":
            return 200, {"code": 4001, "msg": "unknown item"}
        row = self.foreign.commit(case)
        return 200, {"code": 0, "data": {"eventId": row["id"]}}

    def find(self, path: str, query: dict[str, str]) -> tuple[int, Any]:  # noqa: ARG002
        found = [{"eventId": row["id"]} for row in self.foreign.requests if row["caseCode"] == query["caseCode"]]
        return 200, {"code": 0, "data": found}


@contextmanager
def serving(handler: type[_Handler], faults: Faults | None = None) -> Iterator[tuple[str, Foreign]]:
    """A foreign server on a port of its own; its address and what it holds."""
    foreign = Foreign(faults or Faults())
    bound = type("Bound", (handler,), {"foreign": foreign})
    server = ThreadingHTTPServer(("127.0.0.1", 0), bound)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v2", foreign
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
