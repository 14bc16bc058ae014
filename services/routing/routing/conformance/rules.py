"""The rules that a department's system is held to, each with its verdict."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from routing.conformance.office import APPLIED, REFUSED, REPEATED, UNREAD, Heard, Office
from routing.conformance.play import resolves
from routing.domain.updates import Speaker

_RESENT = 1
"""So often a system may send the same again: at least once is what a log promises."""


@dataclass(frozen=True)
class Verdict:
    """What was found about a rule; ``fault`` is empty when it is kept."""

    rule: str
    promise: str
    fault: str = ""


@dataclass(frozen=True)
class Photos:
    """The media_ids that were given out; None: nobody looked after photos."""

    given: Collection[str] | None = None


Rule = Callable[[Office, Photos], Iterator[str]]


def verdicts(office: Office, photos: Photos, *, killed: bool) -> list[Verdict]:
    """Return the verdict on every rule; the fault is the first one found."""
    rules = RULES if killed else {name: rule for name, rule in RULES.items() if name != "restart"}
    return [
        Verdict(name, " ".join((rule.__doc__ or "").split()), next(rule(office, photos), ""))
        for name, rule in rules.items()
    ]


def _answers(office: Office, _: Photos) -> Iterator[str]:
    """Every case that it is given is answered."""
    for label in ("plain", "bare", "long", "anew"):
        if not office.answers(label):
            yield f"nothing came about {office.name(label)} ({_CASES[label]})"


def _schema(office: Office, _: Photos) -> Iterator[str]:
    """Every update fits its schema and has a whole envelope."""
    for one in office.heard:
        if one.outcome == UNREAD:
            yield f"{_named(one)}: {one.reason}"
        if one.attributes.get("type") != "update.sent.v1":
            yield f"{_named(one)}: ce_type is {one.attributes.get('type')}"


def _speaks(office: Office, _: Photos) -> Iterator[str]:
    """It speaks for its own department, where the city's pack says, from its own ce_source."""
    own = office.speaker
    for one in _read(office):
        if Speaker(one.data["jurisdiction_id"], one.data["department"]) != own:
            yield f"{_named(one)}: it is in the name of {one.data['department']}"
        if one.attributes["source"] != own.source:
            yield f"{_named(one)}: ce_source is {one.attributes['source']}, not {own.source}"
        if one.reason.startswith(f"{own.department} speaks on"):
            yield f"{_named(one)}: {one.reason}"


def _key(office: Office, _: Photos) -> Iterator[str]:
    """Key, ce_subject and service_request_id are the same."""
    for one in _read(office):
        if one.record.key != one.case.encode():
            yield f"{_named(one)}: its key is {one.record.key!r}"


def _ids(office: Office, _: Photos) -> Iterator[str]:
    """A ce_id and an update_id name one update each: the same again is the same update."""
    for identity in ("ce_id", "update_id"):
        said: dict[tuple[str, ...], str] = {}
        for one in _read(office):
            by_case = () if identity == "ce_id" else (one.case,)
            name = one.attributes["id"] if identity == "ce_id" else one.update_id
            if said.setdefault((*by_case, name), one.case + one.content) != one.case + one.content:
                yield f"{_named(one)}: {identity} {name} was used for another update"


def _repetition(office: Office, _: Photos) -> Iterator[str]:
    """An event that comes twice, or late, makes no second update."""
    for number, one in enumerate(_read(office)):
        if one.outcome == REFUSED and one.conflict:
            before = _alike(one, list(_read(office))[:number])
            if any(other.outcome == APPLIED for other in before):
                yield f"{_named(one)}: it was said before, as {before[0].update_id}"


def _refusal(office: Office, _: Photos) -> Iterator[str]:
    """A refusal is not answered by sending the same again."""
    refused: Counter[tuple[str, int, str]] = Counter()
    for one in office.heard:
        same = (one.case, one.round, one.content)
        if refused[same]:
            refused[same] += 1
        elif one.outcome in (REFUSED, UNREAD):
            refused[same] = 1
        if refused[same] > 1 + _RESENT:
            yield f"{_named(one)}: it was refused before: {one.reason or 'see above'}"
    if not any(one.outcome == REFUSED for one in office.answers("refused")):
        yield f"nothing came about {office.name('refused')}, so no refusal was seen"
    if len(office.answers("refused")) > 1 + _RESENT:
        yield f"{office.name('refused')} had ended, and it went on"


def _rounds(office: Office, _: Photos) -> Iterator[str]:
    """A case that is opened anew is answered anew, under another update_id."""
    anew = office.answers("anew", since=1)
    if not anew:
        yield f"nothing came about {office.name('anew')} after it was opened anew"
    if anew and all(one.outcome == REPEATED for one in anew):
        yield f"{_named(anew[0])}: this update_id was used before the case was opened anew"


def _foreign(office: Office, _: Photos) -> Iterator[str]:
    """Cases that are not the department's are left alone."""
    gone, later, went_on = office.name("away"), office.name("strange"), False
    for one in office.heard:
        went_on = went_on or one.case == later  # given after it was taken away
        if one.case not in office.cases:
            yield f"{_named(one)}: it was never given {one.case}"
        late = went_on and one.scene > _ODD
        if one.case == gone and (late or len(office.answers("away")) > _IN_FLIGHT):
            yield f"{_named(one)}: {gone} had been taken away"


def _robust(office: Office, _: Photos) -> Iterator[str]:
    """It goes on after events, fields and refusals that it does not know."""
    if not office.answers("strange"):
        yield f"nothing came about {office.name('strange')}, given after them"


def _resolves(office: Office, _: Photos) -> Iterator[str]:
    """It resolves a case with all that the city's pack requires."""
    if not any(map(resolves, office.heard)):
        tried = [one for one in office.heard if one.data.get("move") == "resolved"]
        yield f"refused: {tried[-1].reason}" if tried else "no case was resolved"


def _photo(office: Office, photos: Photos) -> Iterator[str]:
    """A photo that it names was brought to media before."""
    for one in _read(office):
        for media_id in one.data.get("media") or ():
            if photos.given is not None and media_id not in photos.given:
                yield f"{_named(one)}: media knows no {media_id}"


def _restart(office: Office, _: Photos) -> Iterator[str]:
    """What came while it was down is answered when it is up again."""
    if not office.answers("while-down"):
        yield f"nothing came about {office.name('while-down')}"


RULES: dict[str, Rule] = {
    "answers": _answers,
    "schema": _schema,
    "speaks": _speaks,
    "key": _key,
    "ids": _ids,
    "repetition": _repetition,
    "refusal": _refusal,
    "rounds": _rounds,
    "foreign": _foreign,
    "robust": _robust,
    "resolves": _resolves,
    "photo": _photo,
    "restart": _restart,
}
_ODD, _IN_FLIGHT = 4, 3
_CASES = {
    "plain": "told twice",
    "bare": "without photo, place or words",
    "long": "with 20,000 characters",
    "anew": "the last but one given",
}


def _read(office: Office) -> Iterator[Heard]:
    return (one for one in office.heard if one.outcome != UNREAD)


def _alike(one: Heard, others: list[Heard]) -> list[Heard]:
    return [
        other
        for other in others
        if (other.case, other.round, other.content) == (one.case, one.round, one.content)
        and other.update_id != one.update_id
    ]


def _named(one: Heard) -> str:
    return f"update {one.update_id} ({one.data.get('move')}) of {one.case}"
