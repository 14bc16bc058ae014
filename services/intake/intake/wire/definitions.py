"""The questions of a service as they are kept: each different content has a version of its own."""

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from servicekit import georeport
from servicekit.packs import Attribute, Pack, Service, Value

from intake.wire.fields import Fields
from intake.wire.services import service_list

_LETTERS = 12


def definition_version(service: Service) -> str:
    """Return the version of a service's questions: the same in every process that asks them."""
    return _digest(kept_questions(service))


def list_version(pack: Pack) -> str:
    """Return the version of a city's service list, in all its languages."""
    return _digest([service_list(pack, language) for language in pack.city.languages])


def kept_questions(service: Service) -> list[dict[str, Any]]:
    """Return the questions of a service as they are stored."""
    return [dataclasses.asdict(question) for question in service.attributes]


def questions_of(kept: Iterable[Mapping[str, Any]]) -> tuple[Attribute, ...]:
    """Return the questions that were stored."""
    return tuple(
        Attribute(**{**_known(one), "values": tuple(Value(**value) for value in one["values"])})
        for one in kept
    )


def _known(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return what this program knows of a question that another version of it may have kept."""
    return {name: kept[name] for name in Attribute.__dataclass_fields__ if name in kept}


def answered(fields: Fields, questions: Iterable[Attribute]) -> set[str]:
    """Return the codes of those questions that a form says anything to."""
    sent = georeport.answers(fields.pairs)
    return {one.code for one in questions if sent.get(one.code)}


def _digest(value: Any) -> str:
    said = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(said).hexdigest()[:_LETTERS]
