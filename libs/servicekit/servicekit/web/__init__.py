"""The HTTP door of a service: its OpenAPI document, run by connexion, with Flask pages behind it.

``build`` gives openapi/<service>.yaml to connexion's AsyncApp and resolves each operationId to a
method of one of the service's doors; a missing method stops the start. Operations that the
document marks ``x-hot`` are called by the outermost layer directly, past connexion's routing; the
validation, the method and the answer are the same ones. What a client sees is the contract,
whichever layer answers.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import flask
from connexion.middleware.context import ContextMiddleware
from connexion.middleware.lifespan import LifespanMiddleware
from connexion.middleware.routing import RoutingMiddleware
from connexion.options import SwaggerUIOptions
from connexion.resolver import Resolver
from starlette.types import ASGIApp

from servicekit.clients import Network, client_of
from servicekit.process import Process
from servicekit.web.answers import Answer, json_answer
from servicekit.web.asked import current
from servicekit.web.edge import Edge, Gate
from servicekit.web.form import Form, Upload
from servicekit.web.operation import App
from servicekit.web.pages import Pages
from servicekit.web.validation import Validation

__all__ = [
    "Answer",
    "Form",
    "Upload",
    "bearer",
    "build",
    "client",
    "form",
    "header",
    "json_answer",
]


def build(
    process: Process,
    *doors: object,
    pages: flask.Flask | None = None,
    gate: Gate | None = None,
) -> ASGIApp:
    """Return the ASGI application of a service; each operation is a method of one of ``doors``.

    ``gate`` is asked with the method before anything is done; it may refuse.
    Raises ContractBroken when the document cannot be read and connexion's ResolverError when
    no door, or more than one, has a method that the document names.
    """
    document = process.contracts.openapi(process.service.name)
    app = App(
        __name__,
        middlewares=[RoutingMiddleware, Validation, LifespanMiddleware, ContextMiddleware],
        validate_answers=process.common.validate_answers,
        swagger_ui_options=SwaggerUIOptions(swagger_ui=False),
    )
    app.add_api(document, resolver=Resolver(functools.partial(_method, doors)))
    return Edge(
        service=process.service.name,
        document=document,
        api=app,
        hot=app.direct(_hot(document)),
        pages=Pages(pages) if pages else None,
        gate=gate,
        registry=process.metrics,
    )


def _method(doors: Sequence[object], name: str) -> Any:
    found = [getattr(door, name) for door in doors if hasattr(door, name)]
    if len(found) != 1:
        raise AttributeError(f"{len(found)} of the doors have a method {name}")
    return found[0]


def _hot(document: Mapping[str, Any]) -> list[str]:
    """Return the operations that the document marks with ``x-hot: true``."""
    methods = [one for path in document["paths"].values() for one in path.values()]
    return [one["operationId"] for one in methods if isinstance(one, dict) and one.get("x-hot")]


def form() -> Form:
    """Return the form of the request under way; empty when it had none."""
    asked = current.get()
    return (asked.form if asked else None) or Form()


def header(name: str) -> str | None:
    """Return a header of the request under way, by its name in small letters."""
    asked = current.get()
    return asked.header(name) if asked else None


def client(trusted: Sequence[Network]) -> str | None:
    """Return the address that the request under way comes from, None when nobody tells it."""
    asked = current.get()
    return client_of(asked.peer if asked else None, header("x-forwarded-for"), trusted)


def bearer() -> str | None:
    """Return the token of ``Authorization: Bearer``, None when there is none."""
    scheme, _, token = (header("authorization") or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
