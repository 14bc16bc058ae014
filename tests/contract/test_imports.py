"""Who may import whom: the table of rooms, read from the imports themselves."""

import ast
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parents[2]
SERVICES = ("intake", "routing", "media", "feedback", "metrics")

# The rooms of a service, and the rooms of the same service that each may import.
CORE = {"actions", "wire", "store", "domain"}
ROOMS = {
    "domain": set(),
    "store": {"domain"},
    "wire": {"domain"},
    "actions": {"domain", "store", "wire"},
    "api": CORE
    | {"darkroom", "photos", "caller", "entrance", "keyring", "staff", "feed", "definitions"},
    "pages": CORE | {"definitions"},
    "events": CORE,
    "config": set(),
    # Doors and neighbours that only some services have.
    "photos": {"domain"},  # the way of intake and of routing to media
    "definitions": {"domain", "store", "wire"},  # intake: what services ask and asked
    "keyring": {"store"},  # intake: keys that were found a moment ago
    "staff": {"domain", "keyring"},  # intake: who of the staff calls
    "feed": {"store"},  # intake: changes get their numbers, readers wait for them
    "hooks": {"domain", "store", "wire"},  # intake's way out to webhooks
    "letters": set(),  # intake's way to the letters of routing
    "mail": {"actions", "domain", "letters", "store"},  # intake's way to the mail server
    "mailboxes": {"domain"},  # intake: how often one mailbox is written to unasked
    "caller": {"actions", "domain", "wire"},  # routing: what a key may do
    "entrance": {"caller", "domain", "wire"},  # routing: the door of signing in
    "cities": {"domain", "store"},  # routing: city packs as its domain wants them
    "clerk": {"actions", "store"},  # routing: the timed work
    "commands": CORE | {"cities", "witness"},
    "witness": {"store"},  # routing: what the log remembers of histories
    "simulation": CORE | {"cities"},  # routing: the command that asks what if
    "conformance": CORE | {"cities"},  # routing: plays its side to a department's system
    "explaining": CORE | {"cities"},  # routing: the command that says why
    "darkroom": {"domain"},  # media: processes in which photos are decoded
    "keeper": {"config", "domain", "store"},  # media: the timed work
    "rebuild": {"actions", "store", "wire"},  # metrics: the command
    "gauges": {"actions", "domain"},  # metrics: the figures for Prometheus
}
FREE = {"app", "__main__", "__init__"}
# What a domain may know of the ground: errors, and the plain dataclasses of a city pack.
DOMAIN_GROUND = {"servicekit.errors", "servicekit.packs"}
FRAMEWORKS = {
    "sqlalchemy", "alembic", "psycopg", "flask", "connexion", "starlette", "uvicorn", "kafka",
    "minio", "marshmallow", "httpx", "requests", "smtplib", "socket", "prometheus_client", "os",
}  # fmt: skip


def modules(service):
    package = TREE / "services" / service / service
    return sorted(path for path in package.rglob("*.py"))


def room_of(path, service):
    relative = path.relative_to(TREE / "services" / service / service)
    return relative.parts[0].removesuffix(".py")


def imports(path):
    """Return the full dotted names that a module imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide who knows whom"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


EVERY = [(service, path) for service in SERVICES for path in modules(service)]


def named(value):
    return str(value.relative_to(TREE)) if isinstance(value, Path) else value


@pytest.mark.parametrize(("service", "path"), EVERY, ids=named)
def test_a_service_knows_no_other_service(service, path):
    others = set(SERVICES) - {service}

    assert [name for name in imports(path) if name.split(".")[0] in others] == []


@pytest.mark.parametrize(("service", "path"), EVERY, ids=named)
def test_a_room_imports_only_the_rooms_it_may(service, path):
    room = room_of(path, service)
    if room in FREE:
        return
    own = {name.split(".")[1] for name in imports(path) if name.startswith(f"{service}.")}

    assert room in ROOMS, f"{room} is a new room: say here what it may import, and why it is one"
    assert own - {room} <= ROOMS[room]


@pytest.mark.parametrize(("service", "path"), EVERY, ids=named)
def test_a_domain_knows_no_framework_and_no_clock(service, path):
    if room_of(path, service) != "domain":
        return
    names = imports(path)
    ground = {name for name in names if name.startswith("servicekit")}

    assert [name for name in names if name.split(".")[0] in FRAMEWORKS] == []
    assert [name for name in ground if not name.startswith(tuple(DOMAIN_GROUND))] == []
    assert ".now(" not in path.read_text(encoding="utf-8")


def test_the_ground_knows_no_service():
    for path in (TREE / "libs" / "servicekit" / "servicekit").rglob("*.py"):
        assert [name for name in imports(path) if name.split(".")[0] in SERVICES] == [], path
