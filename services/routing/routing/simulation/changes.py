"""What would change: other rules, another pack, other targets."""

import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar

from servicekit import packs
from servicekit.errors import BadInput

from routing.cities import city_of
from routing.domain import FIRST_ANSWER, SOLUTION, UNITS, City, Priority, Service, Target

EVERY_SERVICE: Final = "*"
_TARGET: Final = re.compile(
    r"(?P<service>.+)\.(?P<clock>first_answer|solution)=\s*"
    r"(?:(?P<none>none)|x(?P<times>[0-9.]+)|(?P<amount>[0-9.]+) +(?P<unit>[a-z_]+))\s*"
)
Promise = TypeVar("Promise", Service, Priority)


@dataclass(frozen=True, slots=True)
class NewTarget:
    """A target as ``SERVICE.CLOCK=3 working_days``, ``=x0.5`` (of today's) or ``=none`` says it."""

    service: str
    clock: str
    target: Target | None = None
    times: float | None = None

    @classmethod
    def read(cls, text: str) -> "NewTarget":
        """Read one; raises BadInput when it is none."""
        found = _TARGET.fullmatch(text)
        if found is None or (found["unit"] and found["unit"] not in UNITS):
            raise BadInput(
                f"--target {text} is none: SERVICE.CLOCK=3 working_days, =x0.5 or =none; clocks are"
                f" first_answer and solution, units {', '.join(UNITS)}, SERVICE * is every one"
            )
        times = _number(found["times"], text) if found["times"] else None
        amount = _number(found["amount"], text) if found["amount"] else None
        target = Target(amount, found["unit"]) if amount else None
        return cls(found["service"], found["clock"], target, times)

    def of(self, service: Service) -> Service:
        """Return the service with its new target; ``x`` also changes those of its priorities."""
        if self.times is None:
            return _with_target(service, self.clock, self.target)
        priorities = (self._scaled(one) for one in service.priorities)
        return replace(self._scaled(service), priorities=tuple(priorities))

    def _scaled(self, one: Promise) -> Promise:
        was = one.first_answer if self.clock == FIRST_ANSWER else one.solution
        times = self.times or 1.0
        return _with_target(one, self.clock, Target(was.amount * times, was.unit) if was else None)


def _with_target(one: Promise, clock: str, target: Target | None) -> Promise:
    if clock == FIRST_ANSWER:
        return replace(one, first_answer=target)
    return replace(one, solution=target)


def _number(text: str, whole: str) -> float:
    try:
        found = float(text)
    except ValueError as error:
        raise BadInput(f"--target {whole} holds no number") from error
    if not 0 < found < 1e6:  # noqa: PLR2004 - a sane target
        raise BadInput(f"--target {whole} is not above 0")
    return found


def changed_city(
    city: City,
    folder: Path,
    contracts: Path,
    *,
    pack: Path | None,
    rules: Path | None,
    targets: Iterable[str],
) -> City:
    """Return the city as it would be; raises BadInput when a change cannot be made.

    ``folder`` is the pack as it is; another pack, or other rules in it, are checked as a whole.
    """
    if pack is not None or rules is not None:
        city = _read(city.jurisdiction_id, pack or folder, rules, contracts)
    for new in [NewTarget.read(text) for text in targets]:
        city = replace(city, services=_with(city.services, new))
    return city


def _with(services: Mapping[str, Service], new: NewTarget) -> dict[str, Service]:
    if new.service not in (EVERY_SERVICE, *services):
        raise BadInput(f"--target: there is no service_code {new.service}")
    return {
        code: new.of(one) if new.service in (EVERY_SERVICE, code) else one
        for code, one in services.items()
    }


def _read(jurisdiction_id: str, pack: Path, rules: Path | None, contracts: Path) -> City:
    """Read a pack, with other rules in the place of its own; every fault counts."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / jurisdiction_id
        try:
            shutil.copytree(pack, folder)
            if rules is not None:
                shutil.copyfile(rules, folder / "rules.yaml")
            return city_of(packs.read_pack(folder, contracts))
        except OSError as error:
            raise BadInput(f"{rules or pack} cannot be read: {error}") from error
        except packs.PackBroken as broken:
            raise BadInput(str(broken)) from broken


def described(before: City, after: City) -> list[str]:
    """Say what differs between the two, a line each."""
    found = []
    if before.rules.version != after.rules.version:
        found.append(f"rules {before.rules.version} -> {after.rules.version}")
    for code in sorted({*before.services, *after.services}):
        one, other = _promises(before.services.get(code)), _promises(after.services.get(code))
        for name in dict.fromkeys((*one, *other)):
            was, now = one.get(name, "none"), other.get(name, "none")
            if was != now:
                found.append(f"{code} {name} {was} -> {now}")
    return found


def _promises(service: Service | None) -> dict[str, str]:
    """Return every target of a service in words, those of its priorities too."""
    if service is None:
        return {}
    every: dict[str, Service | Priority] = {"": service}
    every |= {f"{one.name} ": one for one in service.priorities}
    return {
        f"{name}{clock}": f"{target.amount:g} {target.unit}"
        for name, one in every.items()
        for clock, target in ((FIRST_ANSWER, one.first_answer), (SOLUTION, one.solution))
        if target
    }
