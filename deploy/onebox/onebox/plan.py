"""What one box consists of: folders, ports, secrets, environment, and the tasks to be run."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from onebox import parts
from onebox.keep import Keep
from onebox.nursery import Task

HOUSE = Path(__file__).resolve().parents[3]
ROLES = ("serve", "listen", "relay", "tick")
PORT, ADMIN_PORT = 8311, 9311
OWNER = "_OWNER_DATABASE_URL"
FOLDERS = {
    "CONTRACTS_DIR": str(HOUSE / "contracts"),
    "CITIES_DIR": str(HOUSE / "deploy" / "cities"),
}
# Loaded before the fork besides the services themselves: what each of them needs sooner or later.
COMMON = ("connexion", "flask", "kafka", "minio", "psycopg", "servicekit.cli", "uvicorn")


class CannotStart(Exception):
    """Something outside of Ombud is in the way; the text says what and what to do."""


@dataclass(frozen=True)
class Place:
    """The data folder and the two ports of this box."""

    root: Path
    port: int
    admin_port: int

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "Place":
        """Read OMBUD_DATA, PORT and ADMIN_PORT; raises CannotStart for a port that is none."""
        root = Path(env.get("OMBUD_DATA") or HOUSE / ".ombud")
        return cls(
            root.expanduser().resolve(),
            _port(env, "PORT", PORT),
            _port(env, "ADMIN_PORT", ADMIN_PORT),
        )

    @property
    def url(self) -> str:
        """The one address of everything public."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def admin_url(self) -> str:
        """Where operations look."""
        return f"http://127.0.0.1:{self.admin_port}"

    @property
    def logs(self) -> Path:
        """The folder of the logs."""
        return self.root / "logs"

    @property
    def mails(self) -> Path:
        """The folder of the mails."""
        return self.root / "mails"


def _port(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name) or str(default)
    if text.isascii() and text.isdigit() and 0 < int(text) < 2**16:
        return int(text)
    raise CannotStart(f"{name} must be a port number, not {text!r}")


def needs(env: Mapping[str, str]) -> set[str]:
    """Return the names of the parts that no address in the environment replaces."""
    urls = all(env.get(f"{service.upper()}_DATABASE_URL") for service in parts.SERVICES)
    given = {
        "postgres": urls,
        "seaweed": bool(env.get("S3_ENDPOINT")),
        "tansu": bool(env.get("KAFKA_BOOTSTRAP_SERVERS")),
        "mail": bool(env.get("SMTP_URL")),
    }
    return {name for name, replaced in given.items() if not replaced}


def environment(
    place: Place, from_parts: Mapping[str, str], given: Mapping[str, str]
) -> dict[str, str]:
    """Return what every service process reads; what the caller has set stands."""
    secrets = Keep(place.root / "secrets.json")
    ports = parts.free_ports(len(parts.SERVICES), [place.port, place.admin_port])
    made = {
        **FOLDERS,
        "PUBLIC_URL": place.url,
        "SERVICE_TOKEN": secrets.secret("service_token"),
        "MEDIA_BUCKET": "ombud-media",
        **from_parts,
    }
    for service, port in zip(parts.SERVICES, ports, strict=True):
        made[f"{service.upper()}_BIND"] = f"127.0.0.1:{port}"
        made[f"{service.upper()}_SECRET_KEY"] = secrets.secret(f"secret_key_{service}")
    for service in ("MEDIA", "ROUTING"):
        made[f"{service}_URL"] = f"http://{made[f'{service}_BIND']}"
    for service in parts.SERVICES:
        if given.get(f"{service.upper()}_DATABASE_URL"):  # ours owns another one
            made.pop(f"{service.upper()}{OWNER}", None)
    return {**made, **given}


def settings(env: Mapping[str, str]) -> dict[str, str]:
    """Return of an environment what Ombud's processes read; the rest is the person's own."""
    own = tuple(f"{name.upper()}_" for name in parts.SERVICES)
    begins = (*own, "KAFKA_", "OIDC_", "S3_", "SMTP_")
    names = {"CITIES_DIR", "CONTRACTS_DIR", "LOG_LEVEL", "PUBLIC_URL", "SERVICE_TOKEN"}
    names |= {"TRUSTED_PROXIES"}
    return {n: value for n, value in env.items() if n in names or n.startswith(begins)}


def first_tasks(place: Place, env: Mapping[str, str]) -> list[list[Task]]:
    """Return the commands that prepare the parts, in rounds; those of a round run side by side."""
    migrate = [command(place, env, service, "migrate") for service in parts.SERVICES]
    topics = [command(place, env, service, "topics") for service in parts.SERVICES]
    return [[*migrate, command(place, env, "media", "buckets")], topics]


def command(
    place: Place, env: Mapping[str, str], service: str, *argv: str, label: str = "", out: str = ""
) -> Task:
    """Return the task ``python -m <service> <argv>``; ``label`` tells two of a kind apart."""
    return Task(
        name=f"{service} {argv[0]} {label}".rstrip(),
        module=service,
        argv=list(argv),
        env=dict(env),
        log=str(place.logs / f"{service}.log"),
        out=out,
    )


def lasting_tasks(place: Place, env: Mapping[str, str]) -> list[Task]:
    """Return the processes of all services, each with its own admin port.

    None of them knows the owner of a database: only migrations and ``routing seal`` need it.
    """
    env = {name: value for name, value in env.items() if not name.endswith(OWNER)}
    names = [(service, role) for role in ROLES for service in parts.SERVICES]
    binds = [int(env[f"{name.upper()}_BIND"].rpartition(":")[2]) for name in parts.SERVICES]
    ports = parts.free_ports(len(names), [place.port, place.admin_port, *binds])
    return [
        command(place, {**env, "ADMIN_BIND": f"127.0.0.1:{port}"}, service, role)
        for (service, role), port in zip(names, ports, strict=True)
    ]


def take_ports(place: Place) -> None:
    """Raise CannotStart when one of the two ports belongs to another program."""
    for name, port in (("PORT", place.port), ("ADMIN_PORT", place.admin_port)):
        if not parts.is_free(port):
            raise CannotStart(
                f"port {port} is taken{_by_whom(port)}: stop that program, "
                f"or choose another port with `make run {name}={port + 1}`"
            )


def _by_whom(port: int) -> str:
    import psutil  # noqa: PLC0415 - only for this sentence

    try:
        for one in psutil.net_connections("tcp"):
            if one.laddr and one.laddr.port == port and one.status == "LISTEN" and one.pid:
                return f" by {psutil.Process(one.pid).name()} (process {one.pid})"
    except psutil.Error:
        pass  # not everybody may look
    return ""


def clean_env() -> dict[str, str]:
    """Return the caller's environment without what would make Python behave otherwise."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONHOME"}
