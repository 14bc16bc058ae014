"""contracts/city.schema.yaml, and its verdicts in words a person can use."""

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from ruamel.yaml import YAML

from servicekit.packs.reading import Document, Faults, Keys


def contracts_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Return CONTRACTS_DIR, else the contracts folder of the repository this code lies in."""
    named = environ.get("CONTRACTS_DIR")
    if named:
        return Path(named)
    for folder in Path(__file__).resolve().parents:
        if (folder / "contracts" / "city.schema.yaml").is_file():
            return folder / "contracts"
    raise FileNotFoundError("contracts/city.schema.yaml is not here; set CONTRACTS_DIR")


def check(document: Document, definition: str, contracts: Path, faults: Faults) -> bool:
    """Check a file against its definition; return whether it fits."""
    validator = _validator(contracts, definition)
    errors = list(validator.iter_errors(document.value))
    for error in errors:
        at, reason = _in_words(error)
        faults.add(document, at, reason)
    return not errors


@cache
def _validator(contracts: Path, definition: str) -> Draft202012Validator:
    chosen = {"$ref": f"#/$defs/{definition}", "$defs": _definitions(contracts)}
    return Draft202012Validator(chosen, format_checker=FormatChecker())


@cache
def _definitions(contracts: Path) -> Mapping[str, Any]:
    path = contracts / "city.schema.yaml"
    schema = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    definitions: Mapping[str, Any] = schema["$defs"]
    return definitions


def _in_words(error: ValidationError) -> tuple[Keys, str]:
    at: Keys = tuple(error.absolute_path)
    rule, found = str(error.validator), error.instance
    wanted: Any = error.validator_value
    if rule == "required" and isinstance(found, dict):
        missing = next(key for key in wanted if key not in found)
        return at, f"{_name((*at, missing))} is missing"
    if rule == "additionalProperties" and isinstance(found, dict):
        known = dict(error.schema).get("properties", {}) if isinstance(error.schema, dict) else {}
        unknown = next(key for key in found if key not in known)
        return (*at, unknown), f"{_name((*at, unknown))} is not known here; known: {_list(known)}"
    reasons = {
        "enum": f"is {found!r}, not one of {_list(wanted)}",
        "type": f"must be {_kind(wanted)}",
        "format": f"is {found!r}, not a {wanted}",
        "pattern": f"is {found!r}, which does not fit {wanted}",
    }
    return at, f"{_name(at)} {reasons.get(rule, f': {error.message}')}"


_KINDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}


def _kind(wanted: Any) -> str:
    names = wanted if isinstance(wanted, list) else [wanted]
    return " or ".join(_KINDS.get(str(name), str(name)) for name in names)


def _name(keys: Keys) -> str:
    parts = [f"[{key + 1}]" if isinstance(key, int) else f".{key}" for key in keys]
    return "".join(parts).lstrip(".") or "the file"


def _list(words: Any) -> str:
    return ", ".join(str(word) for word in words) if isinstance(words, list | dict) else str(words)
