"""Shapes on the wire: what an event says, figures and open data as they are sent."""

from metrics.wire.figures import figures_csv, figures_json
from metrics.wire.heard import READERS, Heard, heard
from metrics.wire.open_data import open_csv, open_geojson
from metrics.wire.query import read_day, read_only

__all__ = [
    "READERS",
    "Heard",
    "figures_csv",
    "figures_json",
    "heard",
    "open_csv",
    "open_geojson",
    "read_day",
    "read_only",
]
