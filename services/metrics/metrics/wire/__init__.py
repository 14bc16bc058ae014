"""Shapes on the wire: what an event says, and figures as JSON and CSV."""

from metrics.wire.figures import Names, figures_csv, figures_json
from metrics.wire.heard import READERS, Heard, heard

__all__ = ["READERS", "Heard", "Names", "figures_csv", "figures_json", "heard"]
