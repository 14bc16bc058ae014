"""``routing simulate``: the past once more, by other rules or with other targets."""

from routing.simulation.command import simulate

__all__ = ["simulate"]
