"""The made-up life of reports: pure, and the same for the same pack, seed, count and end."""

import datetime as dt
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from servicekit.packs import Amount, Attribute, Pack, Service

from onebox.demo.shapes import Round, Step, Story, Verdict
from onebox.demo.vocabulary import HotSpot, Vocabulary

DAYS: Final = 183
M_PER_DEGREE: Final = 111_320
BY_WEEKDAY: Final = (1.35, 1.2, 1.15, 1.1, 1.0, 0.55, 0.5)
HOLIDAY: Final = 0.45
CHANNELS: Final = {"app": 40, "web": 27, "phone": 20, "counter": 6, "mail": 7}
OFFICE: Final = (0, 0, 0, 0, 0, 0, 0, 1, 6, 10, 11, 11, 9, 6, 3, 1, 1, 1, 0, 0, 0, 0, 0, 0)
ANYTIME: Final = (1, 1, 0, 0, 0, 1, 3, 6, 9, 9, 8, 8, 7, 7, 6, 6, 7, 9, 10, 10, 9, 8, 6, 3)
DAYS_OF: Final = {
    "working_days": 1.45,
    "whole_working_days": 1.45,
    "days": 1.0,
    "hours": 1 / 24,
    "working_hours": 1 / 5,
}
ENDS: Final = {"resolved": 84, "refused": 8, "duplicate": 4, "withdrawn": 2, "forgotten": 2}
WORKING_ENDS: Final = ("resolved", "refused")


@dataclass(frozen=True)
class Teller:
    """Tells the stories of one city up to ``until``."""

    pack: Pack
    vocabulary: Vocabulary
    until: dt.datetime
    seed: int

    def tell(self, count: int) -> list[Story]:
        """Return so many stories, the oldest first."""
        dice = random.Random(f"{self.seed} {self.pack.jurisdiction_id} {self.until:%Y-%m-%d}")  # noqa: S311  a made-up city is no secret
        code = self.pack.city.request_id_prefix
        prefix = f"demo-{self.seed}-{count}-{self.until:%Y%m%d}-{code}"
        stories: list[Story] = []
        for number, day in enumerate(sorted(self._days(dice, count))):
            name = f"{prefix}-{number:05d}"
            stories.append(self._story(dice, name, day, stories))
        return sorted(stories, key=lambda story: story.requested)

    def _days(self, dice: random.Random, count: int) -> list[dt.date]:
        """Draw the days: few at weekends and on holidays, many on Mondays."""
        last = self.until.astimezone(self.pack.city.zone).date()
        days = [last - dt.timedelta(days=back) for back in range(DAYS)]
        weights = [
            BY_WEEKDAY[day.weekday()] * (HOLIDAY if self.pack.calendar.holiday(day) else 1.0)
            for day in days
        ]
        return dice.choices(days, weights, k=count)

    def _story(self, dice: random.Random, name: str, day: dt.date, told: Sequence[Story]) -> Story:
        spot = self._spot(dice)
        service = self._service(dice, day.month, spot)
        channel = _draw(dice, CHANNELS)
        requested = self._moment(dice, day, channel)
        lat, long = self._place(dice, spot)
        email = f"vecino{dice.randrange(10_000)}@example.org" if dice.random() < 0.6 else None  # noqa: PLR2004
        story = Story(
            name=name,
            jurisdiction_id=self.pack.jurisdiction_id,
            service_code=service.service_code,
            lat=lat,
            long=long,
            address=self._address(dice, lat, long),
            description=dice.choice(self.vocabulary.words_of(self.pack, service.service_code)),
            channel=channel,
            requested=requested,
            answers=self._answers(dice, service, requested),
            email=email,
            photo=channel in ("app", "web") and dice.random() < 0.12,  # noqa: PLR2004
        )
        return replace(story, rounds=self._rounds(dice, story, service, told))

    # --- where, what and when

    def _spot(self, dice: random.Random) -> HotSpot | None:
        drawn = dice.random()
        for spot in self.vocabulary.hot_spots:
            drawn -= spot.share
            if drawn < 0:
                return spot
        return None

    def _service(self, dice: random.Random, month: int, spot: HotSpot | None) -> Service:
        favourites = spot.services if spot and dice.random() < 0.7 else ()  # noqa: PLR2004
        codes = list(favourites or self.pack.services)
        weights = [
            self.vocabulary.weights.get(code, 1.0) * self.vocabulary.season(code, month)
            for code in codes
        ]
        return self.pack.services[dice.choices(codes, weights)[0]]

    def _moment(self, dice: random.Random, day: dt.date, channel: str) -> dt.datetime:
        hours = OFFICE if channel in ("phone", "counter") else ANYTIME
        hour = dice.choices(range(24), hours)[0]
        local = dt.datetime(
            day.year,
            day.month,
            day.day,
            hour,
            dice.randrange(60),
            dice.randrange(60),
            tzinfo=self.pack.city.zone,
        )
        return min(
            local.astimezone(dt.UTC), self.until - dt.timedelta(minutes=dice.randrange(1, 90))
        )

    def _place(self, dice: random.Random, spot: HotSpot | None) -> tuple[float, float]:
        for _ in range(200):
            lat, long = self._near(dice, spot) if spot else self._anywhere(dice)
            if self.pack.inside(lat, long):
                return lat, long
        return self.pack.city.map.lat, self.pack.city.map.long

    def _near(self, dice: random.Random, spot: HotSpot) -> tuple[float, float]:
        away, angle = abs(dice.gauss(0, spot.radius_m / 2)), dice.uniform(0, 2 * math.pi)
        north, east = away * math.sin(angle), away * math.cos(angle)
        squeeze = math.cos(math.radians(spot.lat))
        return (
            round(spot.lat + north / M_PER_DEGREE, 6),
            round(spot.long + east / (M_PER_DEGREE * squeeze), 6),
        )

    def _anywhere(self, dice: random.Random) -> tuple[float, float]:
        """Draw a district, small ones nearly as often as large ones, and a point in its box."""
        places = list(self.pack.districts)
        place = dice.choices(places, [one.shape.area**0.25 for one in places])[0]
        for _ in range(100):
            west, south, east, north = place.box
            lat, long = round(dice.uniform(south, north), 6), round(dice.uniform(west, east), 6)
            if place.holds(lat, long):
                return lat, long
        inner = place.shape.representative_point()
        return inner.y, inner.x

    def _address(self, dice: random.Random, lat: float, long: float) -> str:
        code = self.pack.district_at(lat, long)
        district = self.pack.districts[code].name if code else ""
        street = dice.choice(self.vocabulary.streets or [district])
        return f"{street}, {dice.randrange(1, 120)} ({district})"

    def _answers(
        self, dice: random.Random, service: Service, requested: dt.datetime
    ) -> tuple[tuple[str, str], ...]:
        pairs: list[tuple[str, str]] = []
        for question in service.attributes:
            if question.variable and (question.required or dice.random() < 0.4):  # noqa: PLR2004
                pairs += self._answer(dice, question, requested)
        return tuple(pairs)

    def _answer(
        self, dice: random.Random, question: Attribute, requested: dt.datetime
    ) -> list[tuple[str, str]]:
        name = f"attribute[{question.code}]"
        if question.datatype == "multivaluelist":
            chosen = dice.sample(
                question.values, dice.randrange(1, min(3, len(question.values)) + 1)
            )
            return [(f"{name}[]", one.key) for one in chosen]
        if question.values:
            return [(name, dice.choice(question.values).key)]
        said = {
            "number": str(dice.randrange(1, 30)),
            "datetime": (requested - dt.timedelta(hours=dice.randrange(1, 72))).isoformat(
                timespec="seconds"
            ),
            "string": f"{dice.randrange(1, 40):02d}-{dice.randrange(1, 400):03d}",
        }
        return [(name, said.get(question.datatype, "1\n2"))]

    # --- what becomes of it

    def _rounds(
        self, dice: random.Random, story: Story, service: Service, told: Sequence[Story]
    ) -> tuple[Round, ...]:
        pace = self.vocabulary.pace.get(service.department, 1.0)
        answered = self._after(dice, story.requested, service.targets.first_answer, 0.38 * pace)
        ended = self._after(dice, answered, service.targets.solution, 0.42 * pace)
        end = _draw(dice, ENDS)
        same = _same_before(story, told) if end == "duplicate" else None
        if end == "duplicate" and same is None:
            end = "resolved"
        steps = [
            *self._work(dice, story, answered, ended, end),
            *self._end(dice, end, ended, service, same),
        ]
        past = tuple(step for step in steps if step.at < self.until)
        if not past or past[-1].move != "resolved":
            return (Round(past),) if past else ()
        return self._judged(dice, story, service, past)

    def _not_ours(self, dice: random.Random, story: Story, answered: dt.datetime) -> Step:
        """Hand the case to another department, some time before it answers."""
        first = self.pack.services[story.service_code].department
        others = [code for code in self.pack.departments if code != first]
        return Step(
            "not_ours",
            story.requested + (answered - story.requested) / 3,
            reason=dice.choice(self.vocabulary.replies_to("not_ours")),
            to_department=dice.choice(others),
        )

    def _work(
        self,
        dice: random.Random,
        story: Story,
        answered: dt.datetime,
        ended: dt.datetime,
        end: str,
    ) -> list[Step]:
        """Return the moves between routing and the end."""
        if end == "forgotten":
            return []
        if end not in WORKING_ENDS:
            return [self._said(dice, "accepted", answered)] if dice.random() < 0.5 else []  # noqa: PLR2004
        steps = [self._said(dice, "accepted", answered)]
        between = (ended - answered) / 6
        if dice.random() < 0.07:  # noqa: PLR2004
            steps.insert(0, self._not_ours(dice, story, answered))
        if end == "resolved" and dice.random() < 0.7:  # noqa: PLR2004
            steps.append(self._said(dice, "started", answered + between * dice.uniform(0.5, 2)))
            if dice.random() < 0.15:  # noqa: PLR2004
                steps.append(self._said(dice, "paused", answered + between * dice.uniform(2.1, 3)))
                steps.append(self._said(dice, "resumed", answered + between * dice.uniform(3.5, 5)))
        return steps

    def _end(
        self,
        dice: random.Random,
        end: str,
        at: dt.datetime,
        service: Service,
        same: str | None,
    ) -> list[Step]:
        if end == "forgotten":
            return []
        words = dice.choice(self.vocabulary.replies_to(end))
        by = {"duplicate": "operator", "withdrawn": "citizen"}.get(end, "department")
        photo = end == "resolved" and (service.result_photo_required or dice.random() < 0.15)  # noqa: PLR2004
        outcome = self._outcome(dice, end) if by != "citizen" else None
        return [Step(end, at, by, outcome, words, photo=photo, same_as=same)]

    def _judged(
        self, dice: random.Random, story: Story, service: Service, steps: tuple[Step, ...]
    ) -> tuple[Round, ...]:
        """Return the rounds: the citizen may be content, reopen once, and then dispute."""
        verdict = self._verdict(dice, story, service, steps[-1].at)
        rounds = [Round(steps, verdict)]
        if verdict is None or verdict.solved:
            return tuple(rounds)
        soon = (verdict.at - steps[-1].at).days < self.pack.city.evaluation.reopening.within_days
        if not soon:
            return tuple(rounds)
        answered = self._after(dice, verdict.at, service.targets.first_answer, 0.4)
        ended = self._after(dice, answered, service.targets.solution, 0.6)
        again = [
            self._said(dice, "accepted", answered),
            Step(
                "resolved",
                ended,
                outcome_code=self._outcome(dice, "resolved"),
                words=dice.choice(self.vocabulary.replies_to("resolved_again")),
                photo=service.result_photo_required,
            ),
        ]
        past = tuple(step for step in again if step.at < self.until)
        last = self._verdict(dice, story, service, ended) if len(past) == len(again) else None
        return (*rounds, Round(past, last)) if past else tuple(rounds)

    def _verdict(
        self, dice: random.Random, story: Story, service: Service, resolved: dt.datetime
    ) -> Verdict | None:
        at = resolved + dt.timedelta(hours=dice.expovariate(1 / 60) + 0.5)
        valid = dt.timedelta(days=self.pack.city.evaluation.invitation_valid_days)
        if story.email is None or dice.random() > 0.7 or at >= min(self.until, resolved + valid):  # noqa: PLR2004
            return None
        took = (resolved - story.requested).total_seconds() / 86_400
        late = took > _days(service.targets.solution)
        solved = dice.random() > (0.2 if late else 0.09)
        mood = 1.9 if not solved else 3.4 if late else 4.4
        rating = max(1, min(5, round(dice.gauss(mood, 0.8))))
        tone = "bad" if not solved else "good" if rating > 3 else "middling"  # noqa: PLR2004
        return Verdict(
            at=at,
            solved=solved,
            rating=rating,
            reasons=self._reasons(dice, tone, late=late),
            words=dice.choice(self.vocabulary.evaluation.get(tone) or [""]),
        )

    def _reasons(self, dice: random.Random, tone: str, *, late: bool) -> tuple[str, ...]:
        known = [reason.code for reason in self.pack.city.evaluation.reasons]
        wanted = {
            "good": ["quick", "well-done", "kind", "well-told"],
            "middling": ["well-done", "badly-told"],
            "bad": ["half-done", "came-back", "wrong-place", "badly-told"],
        }[tone]
        fitting = [code for code in [*wanted, *(["slow"] if late else [])] if code in known]
        if late and "quick" in fitting:
            fitting.remove("quick")
        return tuple(dice.sample(fitting, min(len(fitting), dice.randrange(0, 3))))

    def _said(self, dice: random.Random, move: str, at: dt.datetime) -> Step:
        return Step(move, at, words=dice.choice(self.vocabulary.replies_to(move)))

    def _outcome(self, dice: random.Random, end: str) -> str | None:
        codes = [one.code for one in self.pack.city.outcomes.values() if one.closes_as == end]
        if not codes:
            return None
        return dice.choices(codes, [1 / (place + 1) for place in range(len(codes))])[0]

    def _after(
        self, dice: random.Random, start: dt.datetime, target: Amount | None, share: float
    ) -> dt.datetime:
        """Go on by about a share of a target, to a moment when the city works.

        What has a target in plain hours or days is urgent, and somebody works on it at any time.
        """
        days = _days(target) * share * dice.lognormvariate(0, 0.65)
        moment = start + dt.timedelta(days=max(days, 0.01))
        urgent = target is not None and target.unit in ("hours", "days")
        return moment if urgent else self._at_work(dice, moment)

    def _at_work(self, dice: random.Random, moment: dt.datetime) -> dt.datetime:
        """Move a moment into the next working hours."""
        local = moment.astimezone(self.pack.city.zone)
        for ahead in range(15):
            day = local.date() + dt.timedelta(days=ahead)
            for start, end in self.pack.calendar.hours_on(day):
                opens = dt.datetime.combine(day, start, self.pack.city.zone)
                closes = dt.datetime.combine(day, end, self.pack.city.zone)
                if local < closes:
                    late = dt.timedelta(minutes=dice.randrange(0, 45), seconds=dice.randrange(60))
                    return max(local, opens + late).astimezone(dt.UTC)
        return moment


def _days(target: Amount | None) -> float:
    return target.amount * DAYS_OF[target.unit] if target else 12.0


def _draw(dice: random.Random, weights: Mapping[str, float]) -> str:
    return dice.choices(list(weights), list(weights.values()))[0]


def _gone(story: Story) -> bool:
    """Tell whether nobody works on it: it repeats another, or was withdrawn."""
    moves = {step.move for one in story.rounds for step in one.steps}
    return not moves.isdisjoint({"duplicate", "withdrawn"})


def _same_before(story: Story, told: Sequence[Story]) -> str | None:
    """Return an earlier story about the same kind of thing, made in the week before."""
    week = dt.timedelta(days=10)
    for one in reversed(told):
        if (
            one.service_code == story.service_code
            and dt.timedelta(0) < story.requested - one.requested < week
            and not _gone(one)
        ):
            return one.name
    return None
