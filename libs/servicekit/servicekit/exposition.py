"""Merge what several processes say to Prometheus into one valid text."""

import re
from collections.abc import Iterable, Mapping, Sequence

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?( .+)", re.DOTALL)


def merge(names: Sequence[str], texts: Iterable[tuple[Sequence[str], str]]) -> str:
    """Return all samples, those of one family together, each with who said it in its labels.

    ``texts`` pairs the values of the labels ``names`` with what that process exposes. A label of
    the sample's own with one of these names becomes ``exported_…``, as Prometheus does it.
    """
    heads: dict[str, list[str]] = {}
    samples: dict[str, list[str]] = {}
    taken = re.compile(rf'(?:^|,)({"|".join(names)})="')
    for values, text in texts:
        said = ",".join(f'{name}="{value}"' for name, value in zip(names, values, strict=True))
        family = ""
        first: dict[str, list[str]] = {}
        for line in text.splitlines():
            if line.startswith(("# HELP ", "# TYPE ")):
                family = line.split(" ", 3)[2]
                first.setdefault(family, []).append(line)
            elif line and not line.startswith("#"):
                samples.setdefault(family, []).append(_labelled(line, said, taken))
        for name, head in first.items():
            heads.setdefault(name, head)
    return "\n".join(_lines(heads, samples)) + "\n"


def _lines(heads: Mapping[str, list[str]], samples: Mapping[str, list[str]]) -> Iterable[str]:
    for family, head in heads.items():
        yield from head
        yield from samples.get(family, ())


def _labelled(line: str, said: str, taken: re.Pattern[str]) -> str:
    found = _SAMPLE.fullmatch(line)
    if found is None:
        raise ValueError(f"not a sample: {line!r}")
    name, labels, rest = found.groups()
    own = taken.sub(lambda m: m.group().replace(m.group(1), f"exported_{m.group(1)}"), labels or "")
    return f"{name}{{{said}{',' if own else ''}{own}}}{rest}"
