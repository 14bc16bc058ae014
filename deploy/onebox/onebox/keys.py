"""Keys to try things with: made once through each service's own command, kept in keys.json."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence

from onebox import plan
from onebox.keep import Keep
from onebox.nursery import Task
from onebox.plan import Place

CITY, DEPARTMENT = "santander.es", "alumbrado"
_SPEAKS = ["--role", "department", "--jurisdiction", CITY, "--department", DEPARTMENT]

# name: (service, options of its command `keys create`)
WANTED: Mapping[str, tuple[str, Sequence[str]]] = {
    "report": ("intake", ["--role", "report", "--per-minute", "60000"]),
    "department": ("routing", _SPEAKS),
    "department-photos": ("media", _SPEAKS),
    "operator": ("routing", ["--role", "operator"]),
    "ombudsman": ("routing", ["--role", "ombudsman"]),
    "import": ("intake", ["--role", "import"]),
    "import-moves": ("routing", ["--role", "import"]),
    "import-photos": ("media", ["--role", "operator"]),
    "import-evaluations": ("feedback", ["--role", "import"]),
}
MEANING: Mapping[str, str] = {
    "report": "an application that reports (intake)",
    "department": f"{CITY}, department {DEPARTMENT} (routing)",
    "department-photos": "the same department's result photos (media)",
    "operator": "the counter of every city (routing)",
    "ombudsman": "supervises every city (routing)",
    "import": "reports of the past (intake)",
    "import-moves": "moves of the past (routing)",
    "import-photos": "photos of the past (media)",
    "import-evaluations": "evaluations of the past (feedback)",
}


def keep(
    place: Place, env: Mapping[str, str], run: Callable[[list[Task]], None]
) -> Mapping[str, str]:
    """Make the keys that are not there yet; return all of them by name."""
    kept = Keep(place.root / "keys.json")
    missing = [name for name in WANTED if name not in kept.read()]
    outs = {name: place.root / f"key-{name}.new" for name in missing}
    try:
        run([_task(place, env, name, str(outs[name])) for name in missing])
        for name, out in outs.items():
            kept.put(name, out.read_text().split()[-1])
    finally:
        for out in outs.values():
            out.unlink(missing_ok=True)
    return {name: str(secret) for name, secret in kept.read().items()}


def _task(place: Place, env: Mapping[str, str], name: str, out: str) -> Task:
    service, options = WANTED[name]
    argv = ["keys", "create", "--name", f"one box: {name}", *options]
    return plan.command(place, env, service, *argv, label=name, out=out)


def main() -> int:
    """``python -m onebox.keys NAME``: print a demo key of the box."""
    kept = Keep(Place.from_env(os.environ).root / "keys.json").read()
    if len(sys.argv) == 2 and sys.argv[1] in kept:  # noqa: PLR2004 - the name alone
        print(kept[sys.argv[1]])  # noqa: T201 - the answer to a person
        return 0
    known = ", ".join(kept) or "none yet; `make run` makes them"
    print(f"usage: python -m onebox.keys NAME; known: {known}", file=sys.stderr)  # noqa: T201
    return 2


if __name__ == "__main__":
    sys.exit(main())
