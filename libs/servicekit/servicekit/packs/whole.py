"""The pack as a whole: read, checked, and ready to be asked."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from servicekit.packs import checks, replies, rulebook, schema
from servicekit.packs.places import Place, Places
from servicekit.packs.reading import Document, Fault, Faults, PackBroken, read_geojson, read_yaml
from servicekit.packs.replies import Reply
from servicekit.packs.shapes import (
    Amount,
    Attribute,
    Calendar,
    Choice,
    City,
    Colours,
    Contact,
    Department,
    Discovery,
    EscalationStep,
    Evaluation,
    Group,
    Holiday,
    Hours,
    LinkDays,
    Map,
    MediaRules,
    Message,
    Offered,
    OpenData,
    Outcome,
    Party,
    Priority,
    Reopening,
    Rule,
    Rules,
    Sender,
    Service,
    Targets,
    Texts,
    UpdateRules,
    Value,
)
from servicekit.packs.words import WEEKDAYS


@dataclass(frozen=True)
class Pack:
    """A city. Mappings are by code and in the order of the files."""

    folder: Path
    city: City
    groups: Mapping[str, Group]
    services: Mapping[str, Service]
    services_version: str
    departments: Mapping[str, Department]
    escalation: tuple[EscalationStep, ...]
    rules: Rules
    calendar: Calendar
    texts: Mapping[str, Texts]
    replies: tuple[Reply, ...]
    boundary: Place
    districts: Places
    areas: Places
    boundary_geojson: Mapping[str, Any]
    districts_geojson: Mapping[str, Any]
    not_ours_limit: int = 2
    parties: Mapping[str, Party] = field(default_factory=dict)
    link_days: LinkDays = field(default_factory=LinkDays)

    @property
    def jurisdiction_id(self) -> str:
        """The city's id in GeoReport and in events."""
        return self.city.jurisdiction_id

    @cached_property
    def triage(self) -> Department:
        """The department that takes what nobody else does."""
        return next(one for one in self.departments.values() if one.triage)

    def inside(self, lat: float, long: float) -> bool:
        """Return whether the position lies in the city."""
        return self.boundary.holds(lat, long)

    def district_at(self, lat: float, long: float) -> str | None:
        """Return the code of the district that holds the position; None outside the city.

        Outlines are rounded, so a hair's breadth may lie between two: then the nearest counts.
        """
        found = self.districts.first_at(lat, long)
        if found is None and self.inside(lat, long):
            return self.districts.nearest(lat, long)
        return found

    @cached_property
    def polygons(self) -> Mapping[str, Place]:
        """Every outline that has a name: the city, districts by code and by name, areas."""
        return {
            self.jurisdiction_id: self.boundary,
            **{place.name: place for place in self.districts},
            **{place.code: place for place in self.districts},
            **{place.code: place for place in self.areas},
        }

    def within(self, area: str, lat: float, long: float) -> bool:
        """Return whether the outline of that name holds the position."""
        place = self.polygons.get(area)
        return place is not None and place.holds(lat, long)

    def offers(self, service: Service, lat: float, long: float) -> bool:
        """Return whether a service is offered at a position; none is outside the city."""
        if not self.inside(lat, long):
            return False
        where = service.offered
        return (
            where is None
            or self.district_at(lat, long) in where.district
            or any(self.within(area, lat, long) for area in where.within)
        )

    def words(self, language: str | None) -> Texts:
        """Return the texts of a language, else of a variant of it, else of the city's first."""
        if language in self.texts:
            return self.texts[language or ""]
        base = (language or "").split("-")[0].lower()
        for known, texts in self.texts.items():
            if known.split("-")[0].lower() == base:
                return texts
        return self.texts[self.city.language]


def read_packs(cities_dir: Path, contracts: Path | None = None) -> dict[str, Pack]:
    """Read every pack of a folder, by jurisdiction_id; raises PackBroken at the first bad one.

    A routing rule that cannot be run is left out and says so: it stops no service and no case.
    Packs cannot be changed, so a process, and what is forked from it, reads unchanged files once.
    """
    files = [(one, one.stat()) for one in sorted(cities_dir.rglob("*"))]
    stamps = tuple((one, stat.st_mtime_ns, stat.st_size) for one, stat in files)
    return dict(_read_packs(cities_dir, contracts, stamps))


@lru_cache(maxsize=4)
def _read_packs(
    cities_dir: Path, contracts: Path | None, _stamps: tuple[tuple[Path, int, int], ...]
) -> Mapping[str, Pack]:
    folders = sorted(one for one in cities_dir.iterdir() if (one / "city.yaml").is_file())
    packs = [read_pack(folder, contracts, strict=False) for folder in folders]
    return {pack.jurisdiction_id: pack for pack in packs}


def read_pack(folder: Path, contracts: Path | None = None, *, strict: bool = True) -> Pack:
    """Read a pack and check it; raises PackBroken with every fault's file, line and reason.

    Unless ``strict``, a rule that cannot be run breaks nothing but itself.
    """
    folder = Path(folder)
    faults = Faults()
    draft = _read(folder, contracts or schema.contracts_dir(), faults)
    checks.check(draft, faults)
    _logo(folder, faults)
    if any(strict or fault.rule is None for fault in faults.found):
        raise PackBroken(folder, faults.found)
    return _build(folder, draft, faults.found)


def _read(folder: Path, contracts: Path, faults: Faults) -> checks.Draft:
    def yaml(name: str, definition: str) -> Document | None:
        document = read_yaml(folder / name, name, faults)
        fits = document is not None and schema.check(document, definition, contracts, faults)
        return document if fits or _only_rules(name, faults) else None

    def geojson(name: str) -> Document | None:
        document = read_geojson(folder / name, name, faults)
        fits = document is not None and schema.check(document, "outlines", contracts, faults)
        return document if fits else None

    with_areas = (folder / "areas.geojson").exists()
    with_replies = (folder / "replies.yaml").exists()
    city = yaml("city.yaml", "city")
    return checks.Draft(
        jurisdiction_id=folder.resolve().name,
        city=city,
        services=yaml("services.yaml", "services"),
        departments=yaml("departments.yaml", "departments"),
        rules=yaml("rules.yaml", "rules"),
        calendar=yaml("calendar.yaml", "calendar"),
        texts={
            language: document
            for language in _text_languages(folder, city)
            if (document := yaml(f"texts/{language}.yaml", "texts"))
        },
        replies=yaml("replies.yaml", "replies") if with_replies else None,
        boundary=geojson("boundary.geojson"),
        districts=geojson("districts.geojson"),
        areas=geojson("areas.geojson") if with_areas else None,
        without_areas=not with_areas,
    )


def _only_rules(name: str, faults: Faults) -> bool:
    """Return whether all that is wrong with a file lies inside single routing rules."""
    found = [fault.rule for fault in faults.found if fault.file == name]
    return bool(found) and None not in found


def _text_languages(folder: Path, city: Document | None) -> Iterable[str]:
    """Return the languages that must have a file and those that have one."""
    wanted = city.value["languages"] if city else []
    return dict.fromkeys([*wanted, *(one.stem for one in sorted(folder.glob("texts/*.yaml")))])


def _logo(folder: Path, faults: Faults) -> None:
    """Check the logo: pages show it as it is, so it may not run anything."""
    path = folder / "logo.svg"
    if not path.is_file():
        faults.add("logo.svg", 1, "this file is missing")
        return
    words = path.read_text(encoding="utf-8", errors="replace").lower()
    if "<svg" not in words:
        faults.add("logo.svg", 1, "this is not SVG")
    for bad in ("<script", "javascript:", "<foreignobject", " onload"):
        if bad in words:
            line = words.count("\n", 0, words.index(bad)) + 1
            faults.add("logo.svg", line, f"a logo may not hold {bad.strip()}")


def _build(folder: Path, draft: checks.Draft, faults: Iterable[Fault]) -> Pack:
    boundary = shapely.union_all(
        [shapely.geometry.shape(one["geometry"]) for one in _value(draft.boundary)["features"]]
    )
    services, departments = _value(draft.services), _value(draft.departments)
    city = _city(_value(draft.city))
    return Pack(
        folder=folder,
        city=city,
        groups=_by(Group(one["group"], one["name"]) for one in services["groups"]),
        services=_by(_service(one) for one in services["services"]),
        services_version=services["version"],
        departments=_by(_department(one) for one in departments["departments"]),
        escalation=tuple(
            EscalationStep(Amount(**one["after"]), one["to"]) for one in departments["escalation"]
        ),
        rules=_rules(draft.rules, faults),
        calendar=_calendar(_value(draft.calendar)),
        texts=MappingProxyType(
            {language: _texts(language, draft.texts[language].value) for language in city.languages}
        ),
        replies=replies.read(draft.replies),
        boundary=Place(city.jurisdiction_id, city.name[city.language], boundary),
        districts=_places(draft.districts, "district"),
        areas=_places(draft.areas, "name"),
        boundary_geojson=_value(draft.boundary),
        districts_geojson=_value(draft.districts),
        not_ours_limit=departments.get("not_ours_limit", Pack.not_ours_limit),
        parties=_by(_party(one) for one in departments.get("parties", ())),
        link_days=_link_days(departments.get("links", {})),
    )


def _value(document: Document | None) -> Any:
    if document is None:
        raise AssertionError("a pack without faults has all its files")
    return document.value


def _by(rows: Iterable[Any]) -> Mapping[str, Any]:
    """Index rows by their first field, which is their code."""
    return MappingProxyType({getattr(row, next(iter(row.__slots__))): row for row in rows})


def _places(document: Document | None, code: str) -> Places:
    features = document.value["features"] if document else []
    places = [
        Place(
            one["properties"][code],
            one["properties"]["name"],
            _solid(shapely.geometry.shape(one["geometry"])),
        )
        for one in features
    ]
    return Places(MappingProxyType({place.code: place for place in places}))


def _solid(shape: BaseGeometry) -> BaseGeometry:
    return shapely.force_2d(shape)


def _city(said: Mapping[str, Any]) -> City:
    contact, evaluation = said["contact"], said["evaluation"]
    return City(
        jurisdiction_id=said["jurisdiction_id"],
        name=said["name"],
        time_zone=said["time_zone"],
        languages=tuple(said["languages"]),
        map=Map(said["map"]["center"]["lat"], said["map"]["center"]["long"], said["map"]["zoom"]),
        contact=Contact(
            contact["email"], contact["phone"], contact.get("web", ""), contact.get("address", "")
        ),
        discovery=Discovery(**said["discovery"]),
        request_id_prefix=said["request_id_prefix"],
        sender=Sender(**said["sender"]),
        retention=MappingProxyType(said["retention"]),
        evaluation=Evaluation(
            evaluation["invitation_valid_days"],
            Reopening(evaluation["reopen_within_days"], evaluation.get("reopen_times", 1)),
            tuple(Choice(one["code"], one["name"]) for one in evaluation["reasons"]),
        ),
        media=MediaRules(**said["media"]),
        updates=UpdateRules(**said.get("updates", {})),
        open_data=OpenData(**said["open_data"]),
        outcomes=_by(
            Outcome(one["code"], one["name"], one["closes_as"]) for one in said["outcomes"]
        ),
        colours=Colours(**said["colours"]),
    )


def _service(said: Mapping[str, Any]) -> Service:
    return Service(
        service_code=said["service_code"],
        service_name=said["service_name"],
        description=said["description"],
        group=said["group"],
        keywords={language: tuple(words) for language, words in said["keywords"].items()},
        type=said["type"],
        visibility=said.get("visibility", "public"),
        department=said["department"],
        targets=_targets(said["targets"]),
        priorities=tuple(_priority(one) for one in said.get("priorities", [])),
        result_photo_required=said.get("result_photo_required", False),
        duplicate_radius_m=said.get("duplicate_radius_m", 0),
        attributes=tuple(
            _attribute(order, one) for order, one in enumerate(said.get("attributes", []), 1)
        ),
        more_groups=tuple(said.get("groups", ())),
        offered=_offered(said["offered"]) if "offered" in said else None,
    )


def _offered(said: Mapping[str, list[str]]) -> Offered:
    return Offered(tuple(said.get("district", ())), tuple(said.get("within", ())))


def _targets(said: Mapping[str, Any]) -> Targets:
    return Targets(_amount(said, "first_answer"), _amount(said, "solution"))


def _priority(said: Mapping[str, Any]) -> Priority:
    return Priority(
        priority=said["priority"],
        answers={code: tuple(keys) for code, keys in said.get("answers", {}).items()},
        targets=_targets(said.get("targets", {})),
    )


def _amount(targets: Mapping[str, Any], clock: str) -> Amount | None:
    return Amount(**targets[clock]) if clock in targets else None


def _attribute(order: int, said: Mapping[str, Any]) -> Attribute:
    return Attribute(
        code=said["code"],
        datatype=said["datatype"],
        required=said.get("required", False),
        variable=said.get("variable", True),
        order=order,
        description=said["description"],
        datatype_description=said.get("datatype_description", {}),
        values=tuple(Value(one["key"], one["name"]) for one in said.get("values", [])),
        private=said.get("private", False),
    )


def _department(said: Mapping[str, Any]) -> Department:
    return Department(
        department=said["department"],
        name=said["name"],
        email=said["email"],
        head_email=said["head"]["email"],
        triage=said.get("triage", False),
        updates=said.get("updates", "shared"),
        by_mail=said.get("by_mail", False),
    )


def _party(said: Mapping[str, Any]) -> Party:
    return Party(said["party"], said["name"], said["email"], said.get("language"))


def _link_days(said: Mapping[str, int]) -> LinkDays:
    return LinkDays(**{name.removesuffix("_days"): days for name, days in said.items()})


def _rules(document: Document | None, faults: Iterable[Fault]) -> Rules:
    said = _value(document)
    broken: dict[int, list[str]] = {}
    for fault in sorted(faults):
        if fault.rule is not None:
            broken.setdefault(fault.rule, []).append(str(fault))
    rules = tuple(
        _rule(one if isinstance(one, dict) else {}, place, "; ".join(broken.get(place, ())))
        for place, one in enumerate(said["rules"])
    )
    text = document.text if document else ""
    return Rules(hashlib.sha256(text.encode()).hexdigest()[:12], said["warning_at"], rules)


def _rule(said: Mapping[str, Any], place: int, broken: str) -> Rule:
    """Return a rule; one that is broken may lack anything."""
    return Rule(
        rule=str(said.get("rule", f"rule {place + 1}")),
        when=rulebook.source(said.get("when", "")),
        department=str(said.get("department", "")),
        because=str(said.get("because", "")),
        broken=broken or None,
    )


def _range(said: str) -> tuple[dt.time, dt.time]:
    start, _, end = said.partition("-")
    return dt.time.fromisoformat(start), dt.time.fromisoformat(end)


def _calendar(said: Mapping[str, Any]) -> Calendar:
    hours: dict[int, Hours] = {
        WEEKDAYS.index(day): tuple(_range(one) for one in ranges)
        for day, ranges in said["hours"].items()
    }
    return Calendar(
        version=said["version"],
        country=said["country"],
        subdivision=said.get("subdivision"),
        categories=tuple(said["categories"]) if "categories" in said else None,
        hours=MappingProxyType(hours),
        holidays=tuple(_holiday(one) for one in said["holidays"]),
    )


def _holiday(said: Mapping[str, str]) -> Holiday:
    if "date" in said:
        day = dt.date.fromisoformat(said["date"])
        return Holiday(said["name"], day.month, day.day, day.year)
    month, _, day_of_month = said["month_day"].partition("-")
    return Holiday(said["name"], int(month), int(day_of_month))


def _texts(language: str, said: Mapping[str, Any]) -> Texts:
    return Texts(
        language=language,
        date=said["date"],
        date_time=said["date_time"],
        states=said["states"],
        messages={
            name: Message(one["subject"], one["body"]) for name, one in said["messages"].items()
        },
    )
