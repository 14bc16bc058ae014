"""What we promise, loaded from the contracts folder; code runs from these files.

``Contracts.load`` reads the event schemas, the AsyncAPI document and the OpenAPI documents once.
Nothing here is a second list of fields: a schema that changes changes what is accepted.
"""

import copy
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Self

import jsonschema_rs
import orjson
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError, best_match
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from ruamel.yaml import YAML

from servicekit.errors import ServiceError
from servicekit.events import Event

Check = Callable[[Any], None]
LONGEST_FAULT = 300
"""Characters; a fault is told to its sender and kept in logs, the value that is wrong is not."""


class ContractBroken(ServiceError):
    """Something does not fit its contract; the text names the type, the place and the reason."""


@dataclass(frozen=True, kw_only=True)
class Topic:
    """A topic as asyncapi.yaml declares it. ``retention_ms`` -1 keeps everything."""

    name: str
    partitions: int
    retention_ms: int
    types: frozenset[str]

    @property
    def is_template(self) -> bool:
        """Whether the name still has parameters, as ``routed.{jurisdiction}.{department}``."""
        return "{" in self.name

    def named(self, **parameters: str) -> "Topic":
        """Return the topic with its parameters filled in."""
        return Topic(
            name=self.name.format(**parameters),
            partitions=self.partitions,
            retention_ms=self.retention_ms,
            types=self.types,
        )


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file as plain dicts and lists, which are the caller's own."""
    found = path.stat()
    return copy.deepcopy(_parsed(path, found.st_mtime_ns, found.st_size))


@lru_cache(maxsize=64)  # a long document takes most of a second
def _parsed(path: Path, _mtime_ns: int, _size: int) -> Any:
    return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Contracts:
    """All contracts of the folder; build with ``load``."""

    folder: Path
    schemas: Mapping[str, Any]
    asyncapi: Mapping[str, Any]

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the folder; raises ContractBroken when it is not one."""
        if not (folder / "asyncapi.yaml").is_file():
            raise ContractBroken(f"{folder} holds no asyncapi.yaml")
        schemas = {
            path.name: orjson.loads(path.read_bytes())
            for path in (folder / "events").glob("*.json")
        }
        return cls(folder, schemas, read_yaml(folder / "asyncapi.yaml"))

    @cached_property
    def _registry(self) -> Registry[Any]:
        resources = [
            (name, Resource.from_contents(schema, DRAFT202012))
            for name, schema in self.schemas.items()
        ]
        return Registry().with_resources(resources)

    @cached_property
    def _checks(self) -> dict[str, Check]:
        return {name.removesuffix(".json"): self._compile(name) for name in self.schemas}

    def _compile(self, name: str) -> Check:
        validator = Draft202012Validator(
            self.schemas[name], registry=self._registry, format_checker=FormatChecker()
        )

        # A hundred times faster than jsonschema, which is asked only for words when it refuses.
        fast = jsonschema_rs.Draft202012Validator(
            _flat(self.schemas[name], self.schemas), validate_formats=True
        )

        def check(value: Any) -> None:
            if not fast.is_valid(value):
                fault = best_match(validator.iter_errors(value))
                words = f"{_where(fault)}: {_why(fault)}" if fault else "does not fit"
                raise ContractBroken(f"{name.removesuffix('.json')}: {words}")

        return check

    @cached_property
    def event_types(self) -> frozenset[str]:
        """Every event type that has a schema."""
        return frozenset(set(self._checks) - {"common.v1", "envelope.v1"})

    def check(self, event: Event, attributes: Mapping[str, str] | None = None) -> None:
        """Hold an event against its envelope and its type's schema.

        ``attributes`` are the event's, from those who have them already. Raises ContractBroken,
        naming type, place and reason. The subject must be the service_request_id that the data
        names. One that was read must have its place in that topic: who may write to one topic must
        not speak for those who write to others.
        """
        if event.type not in self.event_types:
            raise ContractBroken(f"{event.type}: no such event type")
        self._checks["envelope.v1"](attributes or event.attributes())
        self._checks[event.type](event.data)
        named = event.data.get("service_request_id", event.subject)
        if named != event.subject:
            raise ContractBroken(f"{event.type}: subject {event.subject} is not {named}")
        if event.topic and not self.allows(event.topic, event.type):
            raise ContractBroken(f"{event.type} has no place in topic {event.topic}")

    @cached_property
    def channels(self) -> dict[str, Topic]:
        """Every channel of asyncapi.yaml by its key, templates included."""
        return {key: _topic(channel) for key, channel in self.asyncapi["channels"].items()}

    def written_by(self, service: str) -> tuple[Topic, ...]:
        """Return the topics that a service writes; parked topics are named after it."""
        own = self._of(service, "send")
        parked = self.channels["parked"].named(group=service)
        return (*own, parked)

    def read_by(self, service: str) -> tuple[Topic, ...]:
        """Return the topics that a service reads."""
        return self._of(service, "receive")

    def _of(self, service: str, action: str) -> tuple[Topic, ...]:
        keys = [
            operation["channel"]["$ref"].removeprefix("#/channels/")
            for operation in self.asyncapi["operations"].values()
            if operation["x-service"] == service and operation["action"] == action
        ]
        return tuple(self.channels[key] for key in keys)

    def allows(self, topic: str, type_: str) -> bool:
        """Whether an event type may stand in a topic of that name."""
        known = self._allowed.get((topic, type_))
        if known is None:
            known = any(type_ in found.types for found in self._matching(topic))
            self._allowed[topic, type_] = known
        return known

    @cached_property
    def _allowed(self) -> dict[tuple[str, str], bool]:
        return {}

    def _matching(self, topic: str) -> list[Topic]:
        return [known for known in self.channels.values() if _pattern(known.name).fullmatch(topic)]

    def openapi(self, service: str) -> dict[str, Any]:
        """Return openapi/<service>.yaml with every ``$ref`` to another file put in its place."""
        folder = self.folder / "openapi"
        document = read_yaml(folder / f"{service}.yaml")
        bundled = _bundle(document, folder, {})
        if not isinstance(bundled, dict):
            raise ContractBroken(f"openapi/{service}.yaml is no document")
        return bundled


def _where(fault: ValidationError) -> str:
    return fault.json_path.removeprefix("$").removeprefix(".") or "the whole"


def _why(fault: ValidationError) -> str:
    """Return what is wrong in words that do not grow with the value that is."""
    return fault.message if len(fault.message) <= LONGEST_FAULT else _rule(fault)


def _rule(fault: ValidationError) -> str:
    rule = json.dumps(fault.validator_value, ensure_ascii=False)
    return f"does not fit {fault.validator} {rule}"[:LONGEST_FAULT]


def _flat(node: Any, schemas: Mapping[str, Any]) -> Any:
    """Put in place what references name; our event schemas never name themselves in a circle."""
    if isinstance(node, list):
        return [_flat(item, schemas) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" not in node:
        return {key: _flat(value, schemas) for key, value in node.items() if key != "$defs"}
    file, _, pointer = node["$ref"].partition("#")
    found: Any = schemas[file or "common.v1.json"]
    for part in pointer.strip("/").split("/"):
        found = found[part]
    return _flat(found, schemas)


def _topic(channel: Mapping[str, Any]) -> Topic:
    kafka = channel["bindings"]["kafka"]
    return Topic(
        name=channel["address"],
        partitions=kafka["partitions"],
        retention_ms=kafka["topicConfiguration"]["retention.ms"],
        types=frozenset(channel["messages"]),
    )


def _pattern(address: str) -> re.Pattern[str]:
    parts = re.split(r"\{\w+\}", address)
    return re.compile(".+".join(re.escape(part) for part in parts))


def _bundle(node: Any, folder: Path, files: dict[Path, Any]) -> Any:
    """Replace references to other files by what they name; those inside the document stay."""
    if isinstance(node, list):
        return [_bundle(item, folder, files) for item in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if isinstance(reference, str) and not reference.startswith("#"):
        return _fetch(reference, folder, files)
    return {key: _bundle(value, folder, files) for key, value in node.items()}


def _fetch(reference: str, folder: Path, files: dict[Path, Any]) -> Any:
    file, _, pointer = reference.partition("#")
    path = (folder / file).resolve()
    if path not in files:
        files[path] = read_yaml(path)
    node = files[path]
    for part in pointer.strip("/").split("/"):
        if part:
            node = node[part.replace("~1", "/").replace("~0", "~")]
    return _bundle(_inward(node, file), path.parent, files)


def _inward(node: Any, file: str) -> Any:
    """Make references of a fetched piece name their own file, so that they are fetched too."""
    if isinstance(node, list):
        return [_inward(item, file) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: f"{Path(file).name}{value}"
        if key == "$ref" and str(value).startswith("#")
        else _inward(value, file)
        for key, value in node.items()
    }
