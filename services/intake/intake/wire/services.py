"""The service list, the definitions and discovery, out of the city pack."""

from collections.abc import Iterable
from typing import Any

from servicekit.packs import Attribute, Pack, Service, text

SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
FORMATS = ("text/xml", "application/json")


def service_list(
    pack: Pack, language: str, *, group: str | None = None, keyword: str | None = None
) -> list[dict[str, Any]]:
    """Return the services one can report to, in the pack's order; filters take any case."""
    rows = [_service(pack, service, language) for service in pack.services.values()]
    if group is not None:
        rows = [row for row in rows if row["group"].casefold() == group.casefold()]
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
    group = pack.groups.get(service.group)
    return {name.casefold() for name in group.name.values()} if group else set()


def _all_keywords(service: Service) -> set[str]:
    return {word.casefold() for words in service.keywords.values() for word in words}


def _words(keywords: str) -> set[str]:
    return {word.strip().casefold() for word in keywords.split(",")}


def _service(pack: Pack, service: Service, language: str) -> dict[str, Any]:
    group = pack.groups.get(service.group)
    return {
        "service_code": service.service_code,
        "service_name": text(service.service_name, language),
        "description": text(service.description, language),
        "metadata": service.metadata,
        "type": service.type,
        "keywords": ",".join(_keywords(service, language)),
        "group": text(group.name, language) if group else "",
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


def discovery(packs: Iterable[Pack], public_url: str, changeset: str) -> dict[str, Any]:
    """Return where GeoReport is served; ``changeset`` is when the services last changed.

    A second endpoint, of type test, is named because a validator reads no shorter list.
    """
    first, *others = packs
    contacts = dict.fromkeys(pack.city.discovery.contact for pack in (first, *others))
    key_services = dict.fromkeys(pack.city.discovery.key_service for pack in (first, *others))
    return {
        "changeset": changeset,
        "contact": "\n".join(contacts),
        "key_service": "\n".join(key_services),
        "endpoints": [
            {
                "specification": SPECIFICATION,
                "url": f"{public_url}/open311/v2",
                "changeset": changeset,
                "type": kind,
                "formats": list(FORMATS),
            }
            for kind in ("production", "test")
        ],
    }
