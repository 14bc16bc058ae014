"""How many requests there were and how long they took: counted plainly, told when asked."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from servicekit.metrics import LATENCY_S

_BOUNDS = [*map(floatToGoString, LATENCY_S), "+Inf"]


class _Times:
    """The times of one operation: how many in each bucket, and their sum."""

    __slots__ = ("buckets", "sum_s")

    def __init__(self) -> None:
        self.buckets, self.sum_s = [0] * len(_BOUNDS), 0.0


class Figures(Collector):
    """Requests by operation and status. Only one thread, that of the event loop, counts."""

    def __init__(self, service: str, registry: CollectorRegistry) -> None:
        self.service = service
        self.requests: dict[tuple[str, int], int] = {}
        self.times: dict[str, _Times] = {}
        registry.register(self)

    def count(self, operation: str, status: int, took_s: float) -> None:
        """Count one request."""
        self.requests[operation, status] = self.requests.get((operation, status), 0) + 1
        times = self.times.get(operation)
        if times is None:
            times = self.times[operation] = _Times()
        times.buckets[bisect_left(LATENCY_S, took_s)] += 1
        times.sum_s += took_s

    def collect(self) -> Iterator[Metric]:
        """Yield what Prometheus wants to know."""
        requests = CounterMetricFamily(
            f"{self.service}_http_requests",
            "Requests by operation and status",
            labels=["operation", "status"],
        )
        for (operation, status), count in list(self.requests.items()):
            requests.add_metric([operation, str(status)], count)
        yield requests
        seconds = HistogramMetricFamily(
            f"{self.service}_http_request_seconds", "Time to answer", labels=["operation"]
        )
        for operation, times in list(self.times.items()):
            counts = accumulate(list(times.buckets))
            seconds.add_metric([operation], list(zip(_BOUNDS, counts, strict=True)), times.sum_s)
        yield seconds
