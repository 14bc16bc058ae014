"""Boston's requests of August 2011: the file, a pack made of it, and both verdicts.

The file itself is not here: docs/replay-boston.md says where it comes from and what was found.
"""

from towns.boston.file import LATE, ON_TIME, Row, read
from towns.boston.pack import CITY, by_case, by_service, make_pack
from towns.boston.past import happened
from towns.boston.rules import found
from towns.boston.verdicts import Compared, compare, deadlines, kind_of, table

__all__ = [
    "CITY",
    "LATE",
    "ON_TIME",
    "Compared",
    "Row",
    "by_case",
    "by_service",
    "compare",
    "deadlines",
    "found",
    "happened",
    "kind_of",
    "make_pack",
    "read",
    "table",
]
