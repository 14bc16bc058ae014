"""Prometheus: thin makers with the house's names, and the text of a registry."""

from collections.abc import Sequence

import prometheus_client as prometheus
from prometheus_client import CollectorRegistry

# One more series per counter, with the time it was made, that nobody asks for.
prometheus.disable_created_metrics()  # type: ignore[no-untyped-call]
LATENCY_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


def registry() -> CollectorRegistry:
    """Return a registry with what the process itself uses (memory, CPU, files)."""
    made = CollectorRegistry()
    prometheus.ProcessCollector(registry=made)
    prometheus.GCCollector(registry=made)
    return made


def Counter(  # noqa: N802 - it makes what its name says
    name: str, text: str, registry: CollectorRegistry, labels: Sequence[str] = ()
) -> prometheus.Counter:
    """Return a counter; ``_total`` is added to the name by the client."""
    return prometheus.Counter(name, text, labelnames=labels, registry=registry)


def Gauge(  # noqa: N802 - as Counter
    name: str, text: str, registry: CollectorRegistry, labels: Sequence[str] = ()
) -> prometheus.Gauge:
    """Return a gauge."""
    return prometheus.Gauge(name, text, labelnames=labels, registry=registry)


def Histogram(  # noqa: N802 - as Counter
    name: str,
    text: str,
    registry: CollectorRegistry,
    labels: Sequence[str] = (),
    buckets: Sequence[float] = LATENCY_S,
) -> prometheus.Histogram:
    """Return a histogram; buckets are seconds unless the name says otherwise."""
    return prometheus.Histogram(name, text, labelnames=labels, registry=registry, buckets=buckets)


def exposition(registry: CollectorRegistry) -> bytes:
    """Return the registry in Prometheus' text format 0.0.4."""
    return prometheus.generate_latest(registry)


CONTENT_TYPE = prometheus.CONTENT_TYPE_LATEST
