"""Which service of a city a category of the file belongs to."""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from onebox.replay.rows import Row

SURE_FROM: Final = 1.0
"""The score from which words count as the same subject; below it the general service gets it."""

NAME, KEYWORD, GROUP, DESCRIPTION = 3.0, 3.0, 0.8, 0.6
STEM: Final = 5
SHORT: Final = 3
GENERAL: Final = frozenset(
    ("other", "general", "otro", "otros", "outro", "outros", "geral", "sonstiges", "misc")
)
STOP: Final = frozenset(
    re.findall(
        r"\w+",
        "a al as com da das de del den der des die do dos e el em en for from i in la las los na"
        " nas no o of on or os para por que sin the to un una uma und von y zu sus su",
    )
)
VAGUE: Final = frozenset(
    re.findall(
        r"\w+",
        "abandonado abandonada averia averias averiada aviso avisos bad broken conserto danificada"
        " danificado defect defeito defekt desperfecto dirty estado falta incidencia incidencias"
        " issue limpieza limpeza mal mejora new nova novo nueva nuevo otra otras peticion"
        " peticiones problem problema quebrada quebrado repair reparo request retirada rota roto"
        " solicitacao",
    )
)
"""Words that say what is the matter and not with what: they count, but little."""
LITTLE: Final = 0.35


@dataclass(frozen=True, slots=True)
class Offer:
    """A service as GeoReport's service list offers it."""

    service_code: str
    service_name: str
    group: str
    keywords: tuple[str, ...]
    description: str
    type: str


@dataclass(frozen=True, slots=True)
class Choice:
    """The service for a category; why is file, words or fallback. score is for the curious."""

    service_code: str
    why: str
    score: float = 0.0


def choose(
    rows: Iterable[Row],
    offers: Sequence[Offer],
    given: Mapping[str, str],
    fallback: str | None = None,
) -> dict[str, Choice]:
    """Return the service of every category in the rows.

    A category is looked up in ``given`` as "group > name", name or code; else the words of the
    service list decide; else ``fallback``, or the service that looks most general, gets it.
    """
    general = fallback or general_service(offers)
    weights = _rarity(offers)
    found: dict[str, Choice] = {}
    for row in rows:
        if row.category not in found:
            found[row.category] = _choose(row, offers, given, general, weights)
    return found


def general_service(offers: Sequence[Offer]) -> str:
    """Return the code of the service that takes what fits nowhere else."""
    plain = [offer for offer in offers if offer.type == "realtime"] or list(offers)
    scored = [(len(GENERAL & set(_words(_all(offer)))), offer.service_code) for offer in plain]
    return max(scored, key=lambda one: one[0])[1]


def _choose(
    row: Row,
    offers: Sequence[Offer],
    given: Mapping[str, str],
    general: str,
    weights: Mapping[str, float],
) -> Choice:
    for name in (row.category, row.service_name, row.service_code):
        if name and name in given:
            return Choice(given[name], "file")
    scored = [(_score(row, offer, weights), offer.service_code) for offer in offers]
    score, code = max(scored, key=lambda one: one[0], default=(0.0, general))
    if score < SURE_FROM:
        return Choice(general, "fallback", score)
    return Choice(code, "words", score)


def _score(row: Row, offer: Offer, weights: Mapping[str, float]) -> float:
    """Say how much the words of a category are about a service."""
    wanted = {word: LITTLE if word in VAGUE else 1.0 for word in _words(row.name)}
    for word in _words(row.service_group):
        wanted.setdefault(word, 0.3)
    parts = (
        (NAME, _words(offer.service_name)),
        (KEYWORD, _words(" ".join(offer.keywords))),
        (GROUP, _words(offer.group)),
        (DESCRIPTION, _words(offer.description)),
    )
    total = 0.0
    for word, share in wanted.items():
        hits = [
            weight * weights.get(_stem(word), 1.0) * _alike(word, words) for weight, words in parts
        ]
        total += share * max(hits) + 0.1 * share * sum(hits)
    covered = _cover(_words(offer.service_name), tuple(wanted))
    return (total + covered) / math.sqrt(sum(wanted.values()) or 1)


def _cover(name: Sequence[str], wanted: Sequence[str]) -> float:
    """Prefer, among services that share a word, the one whose name says little else."""
    return sum(_alike(word, wanted) for word in name) / len(name) if name else 0.0


def _alike(word: str, words: Sequence[str]) -> float:
    if word in words:
        return 1.0
    return 0.8 if _stem(word) in {_stem(other) for other in words} else 0.0


def _rarity(offers: Sequence[Offer]) -> dict[str, float]:
    """Weigh a word by how few services use it: "calle" says less than "farola"."""
    seen = Counter(
        stem for offer in offers for stem in {_stem(word) for word in _words(_all(offer))}
    )
    return {
        stem: math.log(1 + len(offers) / count) / math.log(1 + len(offers))
        for stem, count in seen.items()
    }


def _all(offer: Offer) -> str:
    return " ".join(
        (offer.service_name, offer.group, *offer.keywords, offer.service_code.replace("-", " "))
    )


@cache
def _words(text: str) -> tuple[str, ...]:
    plain = unicodedata.normalize("NFKD", text.lower())
    letters = "".join(one for one in plain if not unicodedata.combining(one))
    found = re.findall(r"[^\W\d_]+", letters)
    return tuple(dict.fromkeys(word for word in found if len(word) >= SHORT and word not in STOP))


def _stem(word: str) -> str:
    """Cut a word to what its singular, plural and gender share, more or less."""
    bare = word.removesuffix("s")
    bare = bare[:-1] if len(bare) >= STEM and bare[-1] in "aeo" else bare
    return bare[: STEM + 1]
