"""City packs as routing sees them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, time, timedelta
from functools import cache
from pathlib import Path

from servicekit import expressions, packs
from sqlalchemy.orm import Session, sessionmaker

from routing import store
from routing.domain import (
    YEARS,
    Almanac,
    Calendar,
    City,
    Ground,
    Pace,
    Priority,
    Rule,
    Rules,
    Rung,
    Service,
    Target,
    Tongue,
)
from routing.domain.links import Party, Post
from routing.domain.worktime import Minutes


def read_cities(folder: Path, contracts: Path) -> dict[str, City]:
    """Read every pack of the folder, by jurisdiction_id; raises PackBroken at a bad one."""
    return {name: city_of(pack) for name, pack in packs.read_packs(folder, contracts).items()}


def city_of(pack: packs.Pack) -> City:
    """Return what routing needs of a pack."""
    almanac = _almanac(pack)
    groups = {code: service.group for code, service in pack.services.items()}
    calendar = replace(_calendar(pack), version=almanac.exact_version)
    return City(
        jurisdiction_id=pack.jurisdiction_id,
        pace=Pace(
            calendar=calendar,
            warning_at=pack.rules.warning_at,
            ladder=tuple(Rung(_target(step.after), step.to) for step in pack.escalation),
        ),
        rules=Rules(
            version=pack.rules.version, rules=tuple(rule_of(rule, groups) for rule in pack.rules)
        ),
        services={code: _service(one, pack) for code, one in pack.services.items()},
        departments={code: _name(one.name, pack) for code, one in pack.departments.items()},
        triage=pack.triage.department,
        updates={code: one.updates for code, one in pack.departments.items()},
        outcomes={code: outcome.closes_as for code, outcome in pack.city.outcomes.items()},
        outcome_names={code: outcome.name for code, outcome in pack.city.outcomes.items()},
        evaluation_time=timedelta(days=pack.city.evaluation.invitation_valid_days),
        not_ours_limit=pack.not_ours_limit,
        reopening=pack.city.evaluation.reopening,
        language=pack.city.language,
        almanac=almanac,
        closed_by_others=pack.city.updates.closed_by_others == "close",
        tongues={language: _tongue(language, pack) for language in pack.city.languages},
        replies=pack.replies,
        ground=Ground(
            within=pack.within,
            district_at=pack.district_at,
            holiday=calendar.holiday,
            hours_on=calendar.hours_on,
        ),
        post=_post(pack),
    )


def _tongue(language: str, pack: packs.Pack) -> Tongue:
    texts, contact = pack.words(language), pack.city.contact
    return Tongue(
        language=language,
        city=packs.text(pack.city.name, language),
        services={
            code: packs.text(one.service_name, language) for code, one in pack.services.items()
        },
        departments={
            code: packs.text(one.name, language) for code, one in pack.departments.items()
        },
        outcomes={code: packs.text(one.name, language) for code, one in pack.city.outcomes.items()},
        states=texts.states,
        date=texts.date,
        date_time=texts.date_time,
        contact_email=contact.email,
        contact_phone=contact.phone,
    )


def _name(words: Mapping[str, str], pack: packs.Pack) -> str:
    return packs.text(words, pack.city.language)


def _post(pack: packs.Pack) -> Post:
    departments = pack.departments.values()
    return Post(
        by_mail=frozenset(one.department for one in departments if one.by_mail),
        addresses={one.department: one.email for one in departments},
        parties={
            code: Party(
                name=packs.text(one.name, one.language or pack.city.language),
                email=one.email,
                party=code,
                language=one.language,
            )
            for code, one in pack.parties.items()
        },
        party_days=pack.link_days.party,
        department_days=pack.link_days.department,
        kept_days=pack.city.retention.get("message_days", Post.kept_days),
    )


def _target(amount: packs.Amount) -> Target:
    return Target(amount.amount, amount.unit)


def _service(service: packs.Service, pack: packs.Pack) -> Service:
    first, solution = _targets(service.targets)
    return Service(
        service_code=service.service_code,
        name=_name(service.service_name, pack),
        group=service.group,
        department=service.department,
        first_answer=first,
        solution=solution,
        result_photo_required=service.result_photo_required,
        duplicate_radius_m=service.duplicate_radius_m,
        priorities=tuple(_priority(one) for one in service.priorities),
    )


def _targets(targets: packs.Targets) -> tuple[Target | None, Target | None]:
    first, solution = targets.first_answer, targets.solution
    return _target(first) if first else None, _target(solution) if solution else None


def _priority(priority: packs.Priority) -> Priority:
    first, solution = _targets(priority.targets)
    return Priority(
        name=priority.priority,
        answers={code: frozenset(keys) for code, keys in priority.answers.items()},
        first_answer=first,
        solution=solution,
    )


def rule_of(rule: packs.Rule, groups: Mapping[str, str] | None = None) -> Rule:
    """Return a rule ready to be asked; its condition is parsed and compiled here, once.

    ``groups`` gives the group of each service of the city.
    """
    made = Rule(
        rule=rule.rule,
        department=rule.department,
        because=rule.because,
        when=rule.when,
        matches=lambda _facts: False,
        broken=rule.broken,
    )
    if rule.broken:
        return made
    term = expressions.parse(rule.when)
    may = None if groups is None else packs.reach(term, groups).may
    return replace(made, matches=expressions.compiled(term), services=may)


def remembering(cities: Mapping[str, City], db: sessionmaker[Session]) -> dict[str, City]:
    """Return the cities, with what the database remembers of their older calendars."""

    def older(jurisdiction_id: str) -> Callable[[str], Calendar | None]:
        @cache
        def find(version: str) -> Calendar | None:
            with db() as session:
                found = store.almanac_of(session, jurisdiction_id, version)
            return found.calendar() if found else None

        return find

    return {
        name: replace(city, pace=replace(city.pace, older=older(name)))
        for name, city in cities.items()
    }


def _almanac(pack: packs.Pack) -> Almanac:
    return Almanac(
        version=pack.calendar.version,
        time_zone=pack.city.time_zone,
        hours={day: _minutes(hours) for day, hours in pack.calendar.hours.items()},
        holidays={
            day: name for year in YEARS for day, name in pack.calendar.holidays_in(year).items()
        },
    )


def _minutes(hours: Iterable[tuple[time, time]]) -> Minutes:
    return tuple((_minute(begins), _minute(ends) or 1440) for begins, ends in hours)


def _calendar(pack: packs.Pack) -> Calendar:
    def hours_on(day: date) -> Minutes:
        return _minutes(pack.calendar.hours_on(day))

    return Calendar(
        version=pack.calendar.version,
        zone=pack.city.zone,
        hours_on=hours_on,
        holiday=pack.calendar.holiday,
    )


def _minute(moment: time) -> int:
    return moment.hour * 60 + moment.minute
