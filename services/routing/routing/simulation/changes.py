"""What would change: other rules, another pack, other targets."""

import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from servicekit import packs
from servicekit.errors import BadInput

from routing.cities import city_of
from routing.domain import FIRST_ANSWER, SOLUTION, UNITS, City, Service, Target

EVERY_SERVICE: Final = "*"
_TARGET: Final = re.compile(
    r"(?P<service>.+)\.(?P<clock>first_answer|solution)=\s*"
    r"(?:(?P<none>none)|x(?P<times>[0-9.]+)|(?P<amount>[0-9.]+) +(?P<unit>[a-z_]+))\s*"
)


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
        """Return the service with its new target."""
        known = {FIRST_ANSWER: service.first_answer, SOLUTION: service.solution}
        new = self.target
        if self.times is not None:
            was = known[self.clock]
            new = Target(was.amount * self.times, was.unit) if was else None
        if self.clock == FIRST_ANSWER:
            return replace(service, first_answer=new)
        return replace(service, solution=new)


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
        one, other = before.services.get(code), after.services.get(code)
        for clock in (FIRST_ANSWER, SOLUTION):
            was, is_ = (_words(service, clock) for service in (one, other))
            if was != is_:
                found.append(f"{code} {clock} {was} -> {is_}")
    return found


def _words(service: Service | None, clock: str) -> str:
    target = service.targets().get(clock) if service else None
    return f"{target.amount:g} {target.unit}" if target else "none"
