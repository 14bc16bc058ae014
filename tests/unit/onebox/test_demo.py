"""Made-up reports are believable, the same each time, and brought in once."""

import asyncio
import datetime as dt
import io
import json
import shutil
from collections import Counter
from pathlib import Path

import httpx
import pytest
from onebox.box import Box
from onebox.demo import __main__ as command
from onebox.demo import doors
from onebox.demo.doors import Doors, Refused
from onebox.demo.pictures import HIGH, WIDE, picture
from onebox.demo.story import DAYS, DAYS_OF, Teller
from onebox.demo.vocabulary import Vocabulary, read_vocabulary
from PIL import Image
from servicekit import packs

CITIES = Path(__file__).parents[3] / "deploy" / "cities"
UNTIL = dt.datetime(2026, 11, 22, 3, tzinfo=dt.UTC)
NAMES = ["santander.es", "itanhaem.sp.gov.br"]


@pytest.fixture(scope="module")
def cities():
    return packs.read_packs(CITIES)


@pytest.fixture(scope="module")
def told(cities):
    """A thousand stories of each city."""
    return {name: tell(cities[name], 1000) for name in NAMES}


def tell(pack, count, seed=1):
    return Teller(pack, read_vocabulary(pack), UNTIL, seed).tell(count)


def moves(story):
    return [step for one in story.rounds for step in one.steps]


def test_the_same_seed_tells_the_same_stories(cities, told):
    assert tell(cities["santander.es"], 1000) == told["santander.es"]
    assert tell(cities["santander.es"], 1000, seed=2) != told["santander.es"]


@pytest.mark.parametrize("name", NAMES)
def test_a_story_can_be_taken_by_its_city(cities, told, name):
    pack = cities[name]
    for story in told[name]:
        service = pack.services[story.service_code]
        given = {code.removeprefix("attribute[").rstrip("[]") for code, _ in story.answers}
        needed = {one.code for one in service.attributes if one.required and one.variable}
        assert pack.inside(story.lat, story.long)
        assert needed <= given
        assert story.description


@pytest.mark.parametrize("name", NAMES)
def test_a_story_runs_forward_and_ends_before_now(told, name):
    for story in told[name]:
        moments = [story.requested]
        for one in story.rounds:
            moments += [step.at for step in one.steps]
            moments += [one.verdict.at] if one.verdict else []
        assert moments == sorted(moments)
        assert UNTIL - dt.timedelta(days=DAYS + 1) < moments[0]
        assert moments[-1] < UNTIL


@pytest.mark.parametrize("name", NAMES)
def test_an_end_has_the_outcome_words_and_photo_that_routing_asks_for(cities, told, name):
    pack = cities[name]
    for story in told[name]:
        for step in moves(story):
            if step.move in ("resolved", "refused"):
                assert pack.city.outcomes[step.outcome_code].closes_as == step.move
                assert step.words
            if step.move == "resolved":
                assert step.photo or not pack.services[story.service_code].result_photo_required
            if step.move == "duplicate":
                assert (step.by, bool(step.same_as)) == ("operator", True)


@pytest.mark.parametrize("name", NAMES)
def test_half_a_year_has_everything_that_happens_in_a_city(told, name):
    seen = Counter(step.move for story in told[name] for step in moves(story))
    verdicts = [one.verdict for story in told[name] for one in story.rounds if one.verdict]

    for move in ("accepted", "started", "paused", "resumed", "resolved", "refused", "not_ours"):
        assert seen[move] > 10, move
    assert seen["duplicate"]
    assert seen["withdrawn"]
    assert any(not story.rounds for story in told[name]), "some wait for an answer"
    assert any(len(story.rounds) == 2 for story in told[name]), "some were opened again"
    assert {verdict.rating for verdict in verdicts} == {1, 2, 3, 4, 5}
    assert 0.05 < sum(not one.solved for one in verdicts) / len(verdicts) < 0.25


@pytest.mark.parametrize("name", NAMES)
def test_some_are_late_but_most_are_not(cities, told, name):
    late = []
    for story in told[name]:
        target = cities[name].services[story.service_code].targets.solution
        ends = [step.at for step in moves(story) if step.move in ("resolved", "refused")]
        if ends and target:
            took = (ends[0] - story.requested) / dt.timedelta(days=1)
            late.append(took > target.amount * DAYS_OF[target.unit])

    assert 0.1 < sum(late) / len(late) < 0.4


def test_weeks_have_mondays_and_beaches_have_summers(told):
    stories = told["santander.es"]
    days = Counter(story.requested.weekday() for story in stories)
    beach = Counter(s.requested.month for s in stories if s.service_code.startswith("playa"))

    assert days[0] > 1.5 * days[6]
    assert beach[8] > beach[10]


def test_more_happens_at_the_hot_spots(cities, told):
    spot = read_vocabulary(cities["santander.es"]).hot_spots[0]
    near = [
        story
        for story in told["santander.es"]
        if abs(story.lat - spot.lat) < 0.006 and abs(story.long - spot.long) < 0.008
    ]

    assert len(near) > 100


def test_the_phone_rings_in_office_hours(cities, told):
    zone = cities["santander.es"].city.zone
    calls = [
        s.requested.astimezone(zone).hour for s in told["santander.es"] if s.channel == "phone"
    ]

    assert sum(7 <= hour <= 18 for hour in calls) > 0.95 * len(calls)


def test_a_city_without_a_vocabulary_still_has_stories(cities, tmp_path):
    folder = Path(shutil.copytree(CITIES / "santander.es", tmp_path / "santander.es"))
    (folder / "demo.yaml").unlink()
    pack = packs.read_pack(folder)

    assert read_vocabulary(pack) == Vocabulary()
    assert len(tell(pack, 50)) == 50


@pytest.mark.parametrize("name", NAMES)
def test_the_vocabulary_names_only_what_the_pack_has(cities, name):
    pack, words = cities[name], read_vocabulary(cities[name])

    for known in (words.weights, words.seasons, words.words):
        assert set(known) <= set(pack.services)
    assert set(words.pace) <= set(pack.departments)
    assert all(pack.inside(spot.lat, spot.long) for spot in words.hot_spots)
    assert len(words.hot_spots) >= 3
    assert set(words.words) == set(pack.services)


def test_a_picture_is_a_jpeg_and_shows_whether_it_is_mended():
    before, after = (picture("a", mended=mended) for mended in (False, True))

    assert Image.open(io.BytesIO(before)).size == (WIDE, HIGH)
    assert before == picture("a", mended=False)
    assert before != after


# --- bringing in


class Town:
    """All doors of a made-up box, which remember what came in."""

    def __init__(self):
        self.reports, self.moves, self.verdicts, self.photos = {}, [], [], 0
        self.script, self.at_home = [], 200

    def __call__(self, request):
        if request.url.path.endswith("/discovery.json"):
            return httpx.Response(self.at_home, json={})
        if self.script and (told := self.script.pop(0)):
            if told == "keep and break":
                self.answer(request)
                raise httpx.ReadError("gone", request=request)
            return httpx.Response(told, json=[{"code": told, "description": f"because {told}"}])
        return self.answer(request)

    def answer(self, request):
        path = request.url.path
        if path.endswith("/import"):
            return self.import_report(request)
        if path.endswith("/moves"):
            self.moves.append((path.split("/")[-2], json.loads(request.content)))
            return httpx.Response(200, json={})
        if path.endswith("/evaluations"):
            self.verdicts.append((path.split("/")[-2], json.loads(request.content)))
            return httpx.Response(201, json={})
        if path == "/media/v1/photos":
            self.photos += 1
            return httpx.Response(201, json={"media_id": f"{self.photos:064d}"})
        if path.endswith("/requests.json"):
            found = [one for one in self.reports.values() if one["listed"]]
            return httpx.Response(200, json=found)
        asked = dict(request.url.params)
        found = [
            one for one in self.reports.values() if one["service_code"] == asked["service_code"]
        ]
        return httpx.Response(200, json={"cases": found, "next": None})

    def import_report(self, request):
        form = fields(request)
        assert form["api_key"] == "k-import"
        identity = f"R-{len(self.reports) + 1}"
        batch = form["service_code"] in ("recogida-enseres", "ruido")
        self.reports[identity] = {**form, "service_request_id": identity, "listed": not batch} | {
            "address": form["address_string"]
        }
        return httpx.Response(
            201, json=[{"token": "t"} if batch else {"service_request_id": identity}]
        )


def fields(request):
    kind = request.headers["content-type"]
    if kind.startswith("application/x-www-form-urlencoded"):
        return dict(httpx.QueryParams(request.content.decode()))
    boundary = kind.partition("boundary=")[2].encode()
    parts = [part.split(b"\r\n\r\n", 1) for part in request.read().split(b"--" + boundary)[1:-1]]
    return {
        head.split(b'name="')[1].split(b'"')[0].decode(): body.rstrip(b"\r\n").decode(
            "utf-8", "replace"
        )
        for head, body in parts
    }


@pytest.fixture
def town(monkeypatch, tmp_path, cities):
    town, real = Town(), httpx.AsyncClient

    def client(**given):
        given.pop("limits")
        return real(transport=httpx.MockTransport(town), **given)

    monkeypatch.setattr(command.httpx, "AsyncClient", client)
    monkeypatch.setattr(command, "read_packs", lambda _: cities)
    monkeypatch.setattr(doors, "FIRST_WAIT_S", 0.001)
    monkeypatch.setenv("OMBUD_DATA", str(tmp_path))
    monkeypatch.setenv("PUBLIC_URL", "http://town")
    names = ("import", "import-moves", "import-photos", "import-evaluations")
    (tmp_path / "keys.json").write_text(json.dumps({name: f"k-{name}" for name in names}))
    return town


def run(*more):
    return command.main(
        ["--count", "60", "--city", "santander.es", "--until", UNTIL.isoformat(), *more]
    )


def test_every_story_comes_in_with_all_that_became_of_it(town, cities, capsys):
    assert run() == 0

    stories = tell(cities["santander.es"], 60)
    assert len(town.reports) == 60
    assert Counter(case for case, _ in town.moves) == Counter(
        identity
        for story in stories
        for identity, one in town.reports.items()
        if one["address"] == story.address
        and one["requested_datetime"] == doors._moment(story.requested)
        for _ in moves(story)
    )
    assert len(town.verdicts) == sum(one.verdict is not None for s in stories for one in s.rounds)
    assert "60 made-up reports" in capsys.readouterr().out


def test_a_second_run_brings_nothing_twice(town, capsys):
    run()
    before = len(town.reports), len(town.moves), len(town.verdicts)
    capsys.readouterr()

    assert run() == 0

    assert (len(town.reports), len(town.moves), len(town.verdicts)) == before
    assert "60  there before" in capsys.readouterr().out


def test_moves_of_a_case_carry_their_own_time_and_an_id_that_repeats(town):
    run()

    ids = [body["update_id"] for _, body in town.moves]
    assert len(set(ids)) == len(ids)
    assert all(body["moved_datetime"] < UNTIL.isoformat() for _, body in town.moves)


def test_a_report_whose_answer_got_lost_is_found_again(town):
    town.script = ["keep and break"]

    assert run("--at-once", "1") == 0
    assert len(town.reports) == 60


def test_what_a_door_refuses_is_told_and_fails_the_run(town, capsys):
    town.script = [400]

    assert run("--at-once", "1") == 1
    told = capsys.readouterr().out
    assert "1  refused, report about" in told
    assert "400 because 400" in told
    assert "Run it again" in told


def test_what_was_refused_comes_in_with_the_next_run(town):
    town.script = [400]
    run("--at-once", "1")

    assert run() == 0
    assert len(town.reports) == 60


def test_a_door_that_is_not_ready_is_asked_again():
    town = Town()
    town.script = [503, 429, None]

    async def ask():
        transport = httpx.MockTransport(town)
        async with httpx.AsyncClient(transport=transport, base_url="http://town") as http:
            return await Doors(http, Box("http://town", {"import-photos": "k"})).upload(
                STORY, b"photo"
            )

    doors.FIRST_WAIT_S, kept = 0.001, doors.FIRST_WAIT_S
    try:
        assert asyncio.run(ask()) == f"{1:064d}"
    finally:
        doors.FIRST_WAIT_S = kept


def test_patience_has_an_end():
    town = Town()
    town.script = [503] * 100

    async def ask():
        transport = httpx.MockTransport(town)
        async with httpx.AsyncClient(transport=transport, base_url="http://town") as http:
            box = Box("http://town", {"import-photos": "k"})
            return await Doors(http, box, patience_s=0.0).upload(STORY, b"photo")

    with pytest.raises(Refused, match="503 because 503"):
        asyncio.run(ask())


def test_a_place_that_is_no_ombud_is_told_at_once(town, capsys):
    town.at_home = 404

    assert run() == 2
    assert "is this an Ombud?" in capsys.readouterr().err
    assert not town.reports


def test_a_key_that_is_missing_is_told_before_anything_comes_in(town, tmp_path, capsys):
    (tmp_path / "keys.json").write_text(json.dumps({"import": "k"}))

    assert run() == 2
    assert "there is no key import-moves" in capsys.readouterr().err
    assert not town.reports


def test_an_unknown_city_is_told(town, capsys):
    assert command.main(["--city", "paris.fr"]) == 2
    assert "there is no city paris.fr" in capsys.readouterr().err


STORY = tell(packs.read_pack(CITIES / "santander.es"), 1)[0]
