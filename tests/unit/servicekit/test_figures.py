"""What the door counts of itself is what Prometheus' own counters would say."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from servicekit import metrics
from servicekit.web.figures import Figures

ASKED = [("get", 200, 0.0004), ("get", 200, 0.001), ("get", 404, 0.3), ("post", 201, 99.0)]


def test_the_figures_of_requests_are_those_of_a_counter_and_a_histogram():
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    figures = Figures("x", ours)
    requests = Counter(
        "x_http_requests", "Requests by operation and status", ["operation", "status"],
        registry=theirs,
    )  # fmt: skip
    seconds = Histogram(
        "x_http_request_seconds", "Time to answer", ["operation"], buckets=metrics.LATENCY_S,
        registry=theirs,
    )  # fmt: skip

    for operation, status, took_s in ASKED:
        figures.count(operation, status, took_s)
        requests.labels(operation, str(status)).inc()
        seconds.labels(operation).observe(took_s)

    assert generate_latest(ours) == generate_latest(theirs)
