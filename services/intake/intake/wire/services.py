"""The service list, the definitions and discovery, out of the city pack."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from servicekit.packs import Attribute, Pack, Service, text

from intake.domain import SEARCH_ROWS

SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
FORMATS = ("text/xml", "application/json")


def service_list(
    pack: Pack,
    language: str,
    *,
    group: str | None = None,
    keyword: str | None = None,
    place: tuple[float, float] | None = None,
) -> list[dict[str, Any]]:
    """Return the services one can report to, in the pack's order; filters take any case.

    With a place (lat, long) only those that are offered there: none outside the city.
    """
    rows = [
        _service(pack, service, language)
        for service in pack.services.values()
        if (group is None or group.casefold() in _group_names(pack, service))
        and (place is None or pack.offers(service, *place))
    ]
    if keyword is not None:
        rows = [row for row in rows if keyword.casefold() in _words(row["keywords"])]
    return rows


def services_named(pack: Pack, *, group: str | None, keyword: str | None) -> list[str]:
    """Return the codes of services of a group or with a keyword, in any language and any case."""
    return [
        code
        for code, service in pack.services.items()
        if (group is None or group.casefold() in _group_names(pack, service))
        and (keyword is None or keyword.casefold() in _all_keywords(service))
    ]


def _group_names(pack: Pack, service: Service) -> set[str]:
    """Return the names of a service's groups in every language."""
    found = [pack.groups[code] for code in service.groups if code in pack.groups]
    return {name.casefold() for group in found for name in group.name.values()}


def _all_keywords(service: Service) -> set[str]:
    return {word.casefold() for words in service.keywords.values() for word in words}


def _words(keywords: str) -> set[str]:
    return {word.strip().casefold() for word in keywords.split(",")}


def _service(pack: Pack, service: Service, language: str) -> dict[str, Any]:
    groups = [text(pack.groups[code].name, language) for code in service.groups if code]
    return {
        "service_code": service.service_code,
        "service_name": text(service.service_name, language),
        "description": text(service.description, language),
        "metadata": service.metadata,
        "type": service.type,
        "keywords": ",".join(_keywords(service, language)),
        "group": groups[0] if groups else "",
        **({"groups": groups} if len(groups) > 1 else {}),
    }


def _keywords(service: Service, language: str) -> Iterable[str]:
    """Return the keywords of a language; FixMyStreet reads ``private`` as a flag."""
    yield from service.keywords.get(language) or next(iter(service.keywords.values()), ())
    if service.visibility == "private":
        yield "private"


def definition(service: Service, language: str) -> dict[str, Any]:
    """Return the questions that a service asks; none is an empty list."""
    questions = sorted(service.attributes, key=lambda question: question.order)
    return {
        "service_code": service.service_code,
        "attributes": [_attribute(question, language) for question in questions],
    }


def _attribute(question: Attribute, language: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "variable": question.variable,
        "code": question.code,
        "datatype": question.datatype,
        "required": question.required,
        "datatype_description": text(question.datatype_description, language) or None,
        "order": question.order,
        "description": text(question.description, language),
    }
    if question.values:
        row["values"] = [
            {"key": value.key, "name": text(value.name, language)} for value in question.values
        ]
    return row


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where GeoReport is served: the endpoint's root, and production or test."""

    url: str
    type: str


def discovery(
    packs: Iterable[Pack], endpoints: Iterable[Endpoint], changeset: str
) -> dict[str, Any]:
    """Return where GeoReport is served; ``changeset`` is when the services last changed.

    FixMyStreet adds how many requests a list holds at most.
    """
    first, *others = packs
    contacts = dict.fromkeys(pack.city.discovery.contact for pack in (first, *others))
    key_services = dict.fromkeys(pack.city.discovery.key_service for pack in (first, *others))
    return {
        "changeset": changeset,
        "contact": "\n".join(contacts),
        "key_service": "\n".join(key_services),
        "max_requests": SEARCH_ROWS,
        "endpoints": [
            {
                "specification": SPECIFICATION,
                "url": endpoint.url,
                "changeset": changeset,
                "type": endpoint.type,
                "formats": list(FORMATS),
            }
            for endpoint in endpoints
        ],
    }
