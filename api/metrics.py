"""Figures for Prometheus: requests counted as they come, everything else read from the store when asked."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.cameras import WATCHED, CameraHealth
from api.store import Store


class Metrics:
    """The registry of one service and its counters."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "patrol_http_requests", "Requests answered", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "patrol_http_request_seconds", "Time to answer a request", ["route"], registry=self.registry
        )
        self.packets = Counter("patrol_packets", "Evidence packets received", ["outcome"], registry=self.registry)

    def render(self) -> bytes:
        """All figures in the Prometheus text format."""
        return generate_latest(self.registry)


class SiteCollector(Collector):
    """What the store, the disk and the cameras say at the moment somebody asks."""

    def __init__(
        self,
        store: Store,
        free_bytes: Callable[[], int],
        cameras: Callable[[], Sequence[CameraHealth]],
        clock: Callable[[], datetime],
    ) -> None:
        self._store, self._free_bytes, self._cameras, self._clock = store, free_bytes, cameras, clock

    def collect(self) -> Iterator[Metric]:
        """One family after another."""
        cases, incidents = self._store.figures()
        yield _family("patrol_cases", "Cases by kind and state", ["kind", "state"], cases.items())
        by_state = {(state,): n for state, n in incidents.items()}
        yield _family("patrol_incidents", "Incidents of this box by state", ["state"], by_state.items())
        depth = self._store.outbox_depth()
        waiting = {(target,): n for target, n in depth.waiting.items()}
        dead = {(target,): n for target, n in depth.dead.items()}
        yield _family("patrol_outbox_waiting", "Rows not yet acknowledged", ["target"], waiting.items())
        yield _family("patrol_outbox_dead", "Dead letters", ["target"], dead.items())
        age_s = (self._clock() - depth.oldest).total_seconds() if depth.oldest else 0.0
        yield GaugeMetricFamily("patrol_outbox_oldest_seconds", "Age of the oldest row that waits", value=age_s)
        up = {(c.camera,): float(c.state == WATCHED) for c in self._cameras()}
        yield _family("patrol_camera_up", "1 when frames come", ["camera"], up.items())
        yield GaugeMetricFamily("patrol_disk_free_bytes", "Free space where evidence is kept", value=self._free_bytes())


def _family(
    name: str, text: str, labels: list[str], values: Iterable[tuple[Sequence[str], float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=labels)
    for key, value in values:
        family.add_metric(key, value)
    return family


class CountRequests:
    """Middleware that counts and times answers by route, never by address: a case's id is no label."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and note how it was answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        began = time.perf_counter()

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            self._metrics.requests.labels(scope["method"], route, str(status)).inc()
            self._metrics.seconds.labels(route).observe(time.perf_counter() - began)
