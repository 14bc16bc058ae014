"""Keys to try things with: made once through each service's own command, kept in keys.json."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from onebox import plan
from onebox.keep import Keep
from onebox.nursery import Task
from onebox.plan import Place

# name: (service, arguments of its command `keys create`)
WANTED: Mapping[str, tuple[str, Sequence[str]]] = {
    "report": ("intake", ["--role", "report"]),
    "import": ("intake", ["--role", "import"]),
}


def keep(place: Place, env: Mapping[str, str], run: Callable[[Task], None]) -> dict[str, str]:
    """Make the keys that are not there yet; return all of them by name."""
    kept = Keep(place.root / "keys.json")
    for name, (service, options) in WANTED.items():
        if name not in kept.read():
            kept.put(name, _create(place, env, run, service, ["--name", f"demo {name}", *options]))
    return {name: str(secret) for name, secret in kept.read().items()}


def _create(
    place: Place,
    env: Mapping[str, str],
    run: Callable[[Task], None],
    service: str,
    options: Sequence[str],
) -> str:
    out = place.root / "key.new"
    try:
        run(plan.command(place, env, service, "keys", "create", *options, out=str(out)))
        return _last_word(out)
    finally:
        out.unlink(missing_ok=True)


def _last_word(out: Path) -> str:
    return out.read_text().split()[-1]
