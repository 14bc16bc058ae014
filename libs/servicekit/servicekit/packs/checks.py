"""What a schema cannot see: who refers to whom, and whether words, days and outlines hold."""

import datetime as dt
import string
import zoneinfo
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import holidays

from servicekit.packs import outlines, replies, rulebook
from servicekit.packs.reading import Document, Faults, Keys
from servicekit.packs.words import LISTS, MAY_BE_MISSING, MESSAGES, STATES


@dataclass(frozen=True, kw_only=True)
class Draft:
    """The files of a pack that are there and fit the schema; the others are None."""

    jurisdiction_id: str
    city: Document | None
    services: Document | None
    departments: Document | None
    rules: Document | None
    calendar: Document | None
    texts: Mapping[str, Document]
    replies: Document | None
    boundary: Document | None
    districts: Document | None
    areas: Document | None
    without_areas: bool
    """There is no areas.geojson at all, which is allowed."""


def check(draft: Draft, faults: Faults) -> None:
    """Note every fault that lies between the lines of a pack."""
    for one in (_city, _services, _departments, _rules, _calendar, _texts, _replies, _languages):
        one(draft, faults)
    outlines.check(
        draft.city, draft.boundary, districts=draft.districts, areas=draft.areas, faults=faults
    )


def codes(document: Document | None, rows: str, code: str) -> set[str] | None:
    """Return the codes of a list; None when its file cannot be used, so nothing can be said."""
    return None if document is None else {row[code] for row in document.value[rows]}


def feature_codes(document: Document | None, code: str) -> set[str] | None:
    """Return the codes of the features of a GeoJSON file, as texts."""
    if document is None:
        return None
    return {str(feature["properties"].get(code, "")) for feature in document.value["features"]}


def _unique(document: Document, at: Keys, code: str, faults: Faults) -> None:
    rows: Any = document.value
    for key in at:
        rows = rows.get(key, []) if isinstance(rows, dict) else rows[key]
    seen: dict[str, int] = {}
    for place, row in enumerate(rows):
        here = document.line((*at, place, code))
        if row[code] in seen:
            reason = f"{code} {row[code]} is already given in line {seen[row[code]]}"
            faults.add(document, (*at, place, code), reason)
        seen.setdefault(row[code], here)


def _city(draft: Draft, faults: Faults) -> None:
    city = draft.city
    if city is None:
        return
    said = city.value
    if said["jurisdiction_id"] != draft.jurisdiction_id:
        reason = f"jurisdiction_id {said['jurisdiction_id']} is not the name of its folder"
        faults.add(city, ("jurisdiction_id",), reason)
    if said["time_zone"] not in zoneinfo.available_timezones():
        faults.add(city, ("time_zone",), f"time_zone {said['time_zone']} does not exist")
    _unique(city, ("outcomes",), "code", faults)
    _unique(city, ("evaluation", "reasons"), "code", faults)
    for needed in ("resolved", "refused", "duplicate", "withdrawn"):
        if needed not in {outcome["closes_as"] for outcome in said["outcomes"]}:
            faults.add(city, ("outcomes",), f"no outcome closes_as {needed}; a case needs one")


def _services(draft: Draft, faults: Faults) -> None:
    services = draft.services
    if services is None:
        return
    _unique(services, ("services",), "service_code", faults)
    _unique(services, ("groups",), "group", faults)
    groups = codes(services, "groups", "group")
    departments = codes(draft.departments, "departments", "department")
    for place, service in enumerate(services.value["services"]):
        at: Keys = ("services", place)
        _known(services, (*at, "group"), service["group"], groups, "group", faults)
        for number, group in enumerate(service.get("groups", [])):
            _known(services, (*at, "groups", number), group, groups, "group", faults)
        _offered(draft, services, (*at, "offered"), service.get("offered", {}), faults)
        found = service["department"]
        _known(services, (*at, "department"), found, departments, "department", faults)
        _unique(services, (*at, "attributes"), "code", faults)
        for number, attribute in enumerate(service.get("attributes", [])):
            _attribute(services, (*at, "attributes", number), attribute, faults)
        _unique(services, (*at, "priorities"), "priority", faults)
        for number, priority in enumerate(service.get("priorities", [])):
            _priority(services, (*at, "priorities", number, "answers"), service, priority, faults)


def _priority(
    services: Document,
    at: Keys,
    service: Mapping[str, Any],
    priority: Mapping[str, Any],
    faults: Faults,
) -> None:
    questions = {one["code"]: one for one in service.get("attributes", [])}
    for code, keys in priority.get("answers", {}).items():
        _known(services, (*at, code), code, set(questions), "attribute", faults)
        values = questions.get(code, {}).get("values")
        known = {value["key"] for value in values} if values else None
        for number, key in enumerate(keys):
            _known(services, (*at, code, number), key, known, f"answer to {code}", faults)


def _offered(
    draft: Draft, services: Document, at: Keys, offered: Mapping[str, Any], faults: Faults
) -> None:
    known = {"district": feature_codes(draft.districts, "district"), "within": _areas(draft)}
    for kind, there in known.items():
        for place, found in enumerate(offered.get(kind, [])):
            name = "area" if kind == "within" else kind
            _known(services, (*at, kind, place), found, there, name, faults)


def _areas(draft: Draft) -> set[str] | None:
    return set[str]() if draft.without_areas else feature_codes(draft.areas, "name")


def _attribute(services: Document, at: Keys, attribute: Mapping[str, Any], faults: Faults) -> None:
    name = f"attribute {attribute['code']}"
    values = attribute.get("values", [])
    if attribute["datatype"] in LISTS and not values:
        faults.add(services, at, f"{name} is a {attribute['datatype']} and has no values")
    if attribute["datatype"] not in LISTS and values:
        reason = f"{name} is a {attribute['datatype']}, which has no values"
        faults.add(services, (*at, "values"), reason)
    if attribute.get("required") and attribute.get("variable") is False:
        faults.add(services, at, f"{name} only informs (variable: false) and cannot be required")
    _unique(services, (*at, "values"), "key", faults)


def _known(
    document: Document, at: Keys, found: str, known: set[str] | None, kind: str, faults: Faults
) -> None:
    if known is not None and found not in known:
        names = ", ".join(sorted(known)) or "none"
        faults.add(document, at, f"there is no {kind} {found}; there are: {names}")


def _departments(draft: Draft, faults: Faults) -> None:
    departments = draft.departments
    if departments is None:
        return
    _unique(departments, ("departments",), "department", faults)
    _unique(departments, ("parties",), "party", faults)
    triage = [
        place for place, row in enumerate(departments.value["departments"]) if row.get("triage")
    ]
    if not triage:
        faults.add(departments, ("departments",), "no department has triage: true; one must")
    for place in triage[1:]:
        reason = "a second department has triage: true; exactly one may"
        faults.add(departments, ("departments", place, "triage"), reason)


def _rules(draft: Draft, faults: Faults) -> None:
    if draft.rules is not None:
        rulebook.check(draft.rules, _known_to_rules(draft), faults)


def _known_to_rules(draft: Draft) -> rulebook.Known:
    services = draft.services.value["services"] if draft.services else None
    areas, districts = _areas(draft), feature_codes(draft.districts, "district")
    polygons = None
    if areas is not None and districts is not None:
        names = feature_codes(draft.districts, "name") or set()
        polygons = areas | districts | names | {draft.jurisdiction_id}
    return rulebook.Known(
        services=services,
        groups=codes(draft.services, "groups", "group"),
        departments=codes(draft.departments, "departments", "department"),
        districts=districts,
        polygons=polygons,
    )


def _calendar(draft: Draft, faults: Faults) -> None:
    calendar = draft.calendar
    if calendar is None:
        return
    said = calendar.value
    _country(calendar, faults)
    for day, ranges in said["hours"].items():
        _hours(calendar, ("hours", day), ranges, faults)
    if not any(said["hours"].values()):
        faults.add(calendar, ("hours",), "no day has working hours; no deadline would ever come")
    for place, own in enumerate(said["holidays"]):
        _holiday(calendar, ("holidays", place), own, faults)


def _country(calendar: Document, faults: Faults) -> None:
    said = calendar.value
    known = holidays.list_supported_countries(include_aliases=False)
    if said["country"] not in known:
        reason = f"country {said['country']} is not known to the package holidays"
        faults.add(calendar, ("country",), reason)
        return
    subdivision = said.get("subdivision")
    if subdivision is not None and subdivision not in known[said["country"]]:
        there = ", ".join(known[said["country"]]) or "none"
        reason = f"subdivision {subdivision} of {said['country']} is not known; known: {there}"
        faults.add(calendar, ("subdivision",), reason)
    supported = holidays.country_holidays(said["country"])
    for place, category in enumerate(said.get("categories", [])):
        at = ("categories", place)
        there_are = set(supported.supported_categories)
        _known(calendar, at, category, there_are, "category", faults)


def _hours(calendar: Document, at: Keys, ranges: list[str], faults: Faults) -> None:
    before = ""
    for place, text in enumerate(ranges):
        start, _, end = text.partition("-")
        if end <= start:
            faults.add(calendar, (*at, place), f"{text} ends before it begins")
        if start < before:
            faults.add(calendar, (*at, place), f"{text} begins before the hours before it end")
        before = end


def _holiday(calendar: Document, at: Keys, own: Mapping[str, str], faults: Faults) -> None:
    if ("date" in own) == ("month_day" in own):
        faults.add(calendar, at, f"holiday {own['name']} needs a date or a month_day, one of them")
        return
    kind = "date" if "date" in own else "month_day"
    day = own["date"] if "date" in own else f"2024-{own['month_day']}"
    try:
        dt.date.fromisoformat(day)
    except ValueError:
        faults.add(calendar, (*at, kind), f"{own[kind]} is no day of the year")


def _texts(draft: Draft, faults: Faults) -> None:
    for language, document in draft.texts.items():
        if draft.city is not None and language not in draft.city.value["languages"]:
            faults.add(document, 1, f"city.yaml does not list the language {language}")
        said = document.value
        needed = (name for name in MESSAGES if name not in MAY_BE_MISSING)
        for name in (name for name in needed if name not in said["messages"]):
            faults.add(document, ("messages",), f"the message {name} is missing")
        for state in (state for state in STATES if state not in said["states"]):
            faults.add(document, ("states",), f"the state {state} has no name")
        for name, message in said["messages"].items():
            _message(document, name, message, faults)


def _replies(draft: Draft, faults: Faults) -> None:
    if draft.replies is None:
        return
    _unique(draft.replies, ("replies",), "reply", faults)
    known = {
        "services": codes(draft.services, "services", "service_code"),
        "groups": codes(draft.services, "groups", "group"),
        "departments": codes(draft.departments, "departments", "department"),
        "outcomes": codes(draft.city, "outcomes", "code"),
    }
    outcomes = draft.city.value["outcomes"] if draft.city else []
    closes_as = {one["code"]: one["closes_as"] for one in outcomes}
    replies.check(draft.replies, known, closes_as, faults)


def _message(document: Document, name: str, message: Mapping[str, str], faults: Faults) -> None:
    at: Keys = ("messages", name)
    known = MESSAGES.get(name)
    if known is None:
        faults.add(document, at, f"there is no message {name}; there are: {', '.join(MESSAGES)}")
        return
    for part in ("subject", "body"):
        for found in _placeholders(document, (*at, part), message[part], faults):
            _known(document, (*at, part), found, set(known), "placeholder", faults)


def _placeholders(document: Document, at: Keys, words: str, faults: Faults) -> Iterator[str]:
    try:
        for _, name, form, conversion in string.Formatter().parse(words):
            if form or conversion:
                faults.add(document, at, f"{{{name}}} may hold a name only")
            if name is not None:
                yield name
    except ValueError as error:
        faults.add(document, at, f"braces must stand in pairs around a placeholder: {error}")


def _languages(draft: Draft, faults: Faults) -> None:
    """Check that every text of the pack is there in every language of the city."""
    if draft.city is None:
        return
    wanted = draft.city.value["languages"]
    for document in (draft.city, draft.services, draft.departments, draft.replies):
        if document is not None:
            for at, words in _worded(document.value, ()):
                _complete(document, at, words, wanted, faults)


_WORDED: Final = (
    *("name", "service_name", "description", "datatype_description", "keywords"),
    *("title", "words"),
)


def _worded(value: Any, at: Keys) -> Iterator[tuple[Keys, Mapping[str, Any]]]:
    parts: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    for key, part in parts:
        if key in _WORDED and isinstance(part, dict):
            yield (*at, key), part
        else:
            yield from _worded(part, (*at, key))


def _complete(
    document: Document, at: Keys, words: Mapping[str, Any], wanted: list[str], faults: Faults
) -> None:
    if not words:
        return
    missing = [language for language in wanted if language not in words]
    if missing:
        faults.add(document, at, f"{at[-1]} is missing in {', '.join(missing)}")
    for language in words:
        if language not in wanted:
            reason = f"{at[-1]} is given in {language}, which city.yaml does not list"
            faults.add(document, (*at, language), reason)
