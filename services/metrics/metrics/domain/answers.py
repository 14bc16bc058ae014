"""What is asked of the figures, and what is answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from metrics.domain.figures import Figure, Period


@dataclass(frozen=True, kw_only=True)
class Question:
    """Which figures of whom, over which days, in which groups, of which cases only."""

    jurisdiction_id: str
    period: Period
    by: str | None = None
    only: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Row:
    """The values of one group, with those of the period before; the whole has no group."""

    group: Mapping[str, object]
    values: Mapping[str, float | None]
    before: Mapping[str, float | None]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One figure: the whole, its groups in order, and its ranking if it is one."""

    figure: Figure
    whole: Row
    groups: Sequence[Row] = ()
    ranking: Sequence[Row] = ()
