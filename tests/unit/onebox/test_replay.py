"""A file of reports is sent whole: to the right service, into the city, and recorded once."""

import asyncio
import gzip
import json
from pathlib import Path
from urllib.parse import parse_qsl

import httpx
import pytest
from onebox.bar import Bar
from onebox.box import Box, NoBox
from onebox.replay import __main__ as command
from onebox.replay import sending
from onebox.replay.ledger import Ledger, read_mapping, write_mapping
from onebox.replay.mapping import Choice, Offer, choose, general_service
from onebox.replay.moving import Mover
from onebox.replay.rows import Row, WrongFile, read_rows
from onebox.replay.sending import Answer, Client, make_report
from servicekit import packs

CITIES = Path(__file__).parents[3] / "deploy" / "cities"
OFFERS = [
    Offer("bache", "Bache en la calzada", "Calles", ("asfalto", "socavón"), "", "realtime"),
    Offer("acera-rota", "Acera o baldosas rotas", "Calles", ("bordillo",), "", "realtime"),
    Offer("farola-apagada", "Farola apagada", "Alumbrado", ("luz",), "", "realtime"),
    Offer("animal", "Animal suelto, herido o muerto", "Animales", ("perro",), "", "realtime"),
    Offer("enseres", "Recogida de muebles", "Limpieza", ("colchón",), "", "batch"),
    Offer("ruido", "Ruido y molestias", "Convivencia", ("bar",), "", "blackbox"),
    Offer("otro", "Otro asunto", "General", ("sugerencia",), "", "realtime"),
]


@pytest.fixture(scope="module")
def santander():
    return packs.read_pack(CITIES / "santander.es")


def a_row(**given):
    said = {
        "line": 2,
        "request_id": "r-1",
        "lang": "es",
        "service_code": "x1",
        "service_name": "Farola apagada",
        "service_group": "",
        "description": "No luce",
        "requested_datetime": "2023-10-01T03:23:19+00:00",
        "address": "Calle Alta, 8",
        "zipcode": "",
        "lat": 43.4647,
        "long": -3.8108,
    }
    return Row(**{**said, **given})


def a_file(folder, lines, name="reports.csv"):
    path = folder / name
    words = "\n".join(lines) + "\n"
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(words.encode()))
    else:
        path.write_text(words, encoding="utf-8")
    return path


# --- the file


def test_a_gzip_and_a_plain_file_say_the_same(tmp_path):
    lines = ["request_id,service_name,lat,long", '7,"Farola, apagada",43.1,-3.2']

    plain, packed = (read_rows(a_file(tmp_path, lines, name)) for name in ("a.csv", "a.csv.gz"))

    assert plain == packed
    assert (plain[0].name, plain[0].lat, plain[0].long) == ("Farola, apagada", 43.1, -3.2)


def test_line_feeds_inside_quotes_belong_to_the_words(tmp_path):
    [row] = read_rows(a_file(tmp_path, ["request_id,service_name,description", '7,x,"a', 'b"']))

    assert row.description == "a\nb"


@pytest.mark.parametrize(
    ("lat", "long"), [("", ""), ("43", ""), ("x", "1"), ("nan", "1"), ("1", "inf")]
)
def test_a_half_or_unreadable_position_is_none(tmp_path, lat, long):
    path = a_file(tmp_path, ["request_id,service_name,lat,long", f"7,x,{lat},{long}"])

    assert (read_rows(path)[0].lat, read_rows(path)[0].long) == (None, None)


def test_the_most_exact_place_name_is_the_address(tmp_path):
    header = "request_id,service_name,address,neighbourhood,district"
    rows = read_rows(
        a_file(tmp_path, [header, "1,x,Alta 8,Centro,D1", "2,x,,Centro,D1", "3,x,,,D1"])
    )

    assert [row.address for row in rows] == ["Alta 8", "Centro", "D1"]


def test_a_file_without_the_needed_columns_says_which(tmp_path):
    with pytest.raises(WrongFile, match="lacks the column service_name"):
        read_rows(a_file(tmp_path, ["request_id,category", "1,x"]))


def test_a_missing_file_is_told_plainly(tmp_path):
    with pytest.raises(WrongFile, match="cannot be read"):
        read_rows(tmp_path / "nothing.csv")


# --- categories


@pytest.mark.parametrize(
    ("category", "service"),
    [
        ("Desperfecto en calzada", "bache"),
        ("Desperfecto en acera", "acera-rota"),
        ("Aceras", "acera-rota"),
        ("FAROLAS APAGADAS", "farola-apagada"),
        ("Animales muertos", "animal"),
        ("Muebles abandonados en vía pública", "enseres"),
        ("Otros", "otro"),
    ],
)
def test_a_category_goes_to_the_service_that_shares_its_words(category, service):
    row = a_row(service_name=category)

    chosen = choose([row], OFFERS, {})

    assert (chosen[row.category].service_code, chosen[row.category].why) == (service, "words")


def test_a_category_that_fits_nowhere_goes_to_the_general_service():
    row = a_row(service_name="Parquímetro")

    assert choose([row], OFFERS, {})[row.category] == Choice("otro", "fallback", 0.0)
    assert choose([row], OFFERS, {}, "bache")[row.category].service_code == "bache"


@pytest.mark.parametrize("name", ["Luces > Farola apagada", "Farola apagada", "x1"])
def test_the_mapping_file_decides_before_the_words(name):
    row = a_row(service_group="Luces")

    chosen = choose([row], OFFERS, {name: "ruido"})

    assert chosen[row.category] == Choice("ruido", "file")


@pytest.mark.parametrize("city", ["santander.es", "itanhaem.sp.gov.br"])
def test_the_general_service_of_a_shipped_city_is_found_by_its_words(city):
    pack = packs.read_pack(CITIES / city)
    offers = [
        Offer(
            one.service_code,
            packs.text(one.service_name, None),
            packs.text(pack.groups[one.group].name, None),
            next(iter(one.keywords.values())),
            "",
            one.type,
        )
        for one in pack.services.values()
    ]

    assert general_service(offers).startswith("outro" if city.startswith("ita") else "otro")


def test_the_mapping_that_was_used_can_be_edited_and_given_back(tmp_path):
    rows = [a_row(), a_row(service_name="Parquímetro: no imprime", service_group="a > b")]
    chosen = choose(rows, OFFERS, {})

    write_mapping(tmp_path / "mapping.yaml", rows, chosen)

    assert read_mapping(tmp_path / "mapping.yaml") == {
        "Farola apagada": "farola-apagada",
        "a > b > Parquímetro: no imprime": "otro",
    }
    assert "1 rows, by fallback" in (tmp_path / "mapping.yaml").read_text()


# --- places


def madrid(rows=400):
    return [
        a_row(request_id=str(n), lat=40.3 + (n % 20) * 0.01, long=-3.8 + (n // 20) * 0.01)
        for n in range(rows)
    ]


def test_a_position_in_the_city_stays(santander):
    assert Mover.of(santander, madrid()).place(43.4713, -3.7826) == (43.4713, -3.7826, False)


def test_every_position_of_another_city_comes_into_this_one(santander):
    mover = Mover.of(santander, madrid())

    moved = [mover.place(row.lat, row.long) for row in madrid()]

    assert all(santander.inside(lat, long) for lat, long, _ in moved)
    assert all(was_moved for _, _, was_moved in moved)
    assert len(set(moved)) > 300


def test_the_same_file_always_gives_the_same_places(santander):
    first, second = (Mover.of(santander, madrid()) for _ in range(2))

    assert [first.place(one.lat, one.long) for one in madrid()] == [
        second.place(one.lat, one.long) for one in madrid()
    ]


def test_a_moved_position_keeps_its_direction_from_the_middle(santander):
    mover = Mover.of(santander, madrid())
    lat, long, _ = mover.place(*mover.middle)
    north, _, _ = mover.place(mover.middle[0] + 0.05, mover.middle[1])
    _, west, _ = mover.place(mover.middle[0], mover.middle[1] - 0.05)

    assert north > lat
    assert west < long


def test_a_file_without_positions_moves_nothing(santander):
    assert Mover.of(santander, [a_row(lat=None, long=None)]).reach == 1.0


# --- what is sent

TIME = {"code": "CUANDO", "datatype": "datetime", "required": True, "variable": True}
SIZE = {
    "code": "TAMANO",
    "datatype": "singlevaluelist",
    "required": True,
    "variable": True,
    "values": [{"key": "s"}, {"key": "m"}, {"key": "l"}],
}


def report_of(row, *questions, offer=OFFERS[2]):
    ground = {"jurisdiction_id": "santander.es", "api_key": "k"}
    return make_report(row, offer, questions, (row.lat, row.long), ground, "run")


def test_a_row_is_sent_as_a_form_of_georeport():
    sent = dict(report_of(a_row()).pairs)

    assert sent.pop("client_request_id").startswith("replay-run-")
    assert sent == {
        "jurisdiction_id": "santander.es",
        "api_key": "k",
        "service_code": "farola-apagada",
        "lat": "43.4647",
        "long": "-3.8108",
        "address_string": "Calle Alta, 8",
        "description": "No luce",
    }


def test_a_row_without_words_says_its_category():
    row = a_row(description="", service_group="Luces")

    assert dict(report_of(row).pairs)["description"] == "Luces > Farola apagada"


def test_required_questions_get_an_answer_of_their_type():
    kinds = ("number", "text", "string")
    asked = [{"code": kind, "datatype": kind, "required": True, "variable": True} for kind in kinds]
    given = dict(report_of(a_row(description="a\nb"), TIME, SIZE, *asked).pairs)

    assert given["attribute[CUANDO]"] == "2023-10-01T03:23:19+00:00"
    assert given["attribute[TAMANO]"] in {"s", "m", "l"}
    assert given["attribute[number]"] == "1"
    assert given["attribute[text]"] == "a\nb"
    assert given["attribute[string]"] == "a b"


def test_a_drawn_answer_is_the_same_each_time_and_not_the_same_for_all():
    drawn = [sending.answer_to(SIZE, a_row(request_id=str(n))) for n in range(60)]

    assert drawn == [sending.answer_to(SIZE, a_row(request_id=str(n))) for n in range(60)]
    assert set(drawn) == {"s", "m", "l"}


def test_what_is_not_required_is_not_answered():
    pairs = dict(report_of(a_row(), {**SIZE, "required": False}, {**TIME, "variable": False}).pairs)

    assert not [name for name in pairs if name.startswith("attribute")]


def test_each_row_has_a_mark_of_its_own_that_stays():
    marks = [
        dict(report_of(a_row(request_id=name)).pairs)["client_request_id"]
        for name in ("a", "b" * 300, "a")
    ]

    assert marks[0] == marks[2] != marks[1]
    assert max(map(len, marks)) <= 255


# --- how it is sent


class City:
    """A made-up endpoint: answers POSTs as it is told and keeps what it stores."""

    def __init__(self, *script):
        self.script, self.posts, self.stored = list(script), [], []
        self.marks = {}

    def __call__(self, request):
        if request.method == "GET":
            return self.read(request)
        form = dict(parse_qsl(request.content.decode()))
        self.posts.append(form)
        told = self.script.pop(0) if self.script else "keep"
        if told in ("keep", "keep and break"):
            mark = form["client_request_id"]
            number = self.marks.setdefault(mark, len(self.stored) + 1)
            if number > len(self.stored):
                self.stored.append({**form, "service_request_id": f"SDR-{number}"})
        if told == "keep":
            return httpx.Response(201, json=[{"service_request_id": f"SDR-{number}"}])
        if told == "token":
            return httpx.Response(201, json=[{"token": "t-1"}])
        if told in ("break", "keep and break"):
            raise httpx.ReadError("gone", request=request)
        if told == "absent":
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(
            told,
            headers={"Retry-After": "0"},
            json=[{"code": told, "description": f"because {told}"}],
        )

    def read(self, request):
        asked = dict(request.url.params)
        if request.url.path.endswith("services.json"):
            self.locale = asked.get("locale")
            return httpx.Response(
                200,
                json=[
                    {
                        "service_code": one.service_code,
                        "service_name": one.service_name,
                        "description": "",
                        "type": one.type,
                        "keywords": ",".join(one.keywords),
                        "group": one.group,
                        "metadata": False,
                    }
                    for one in OFFERS
                ],
            )
        if "/services/" in request.url.path:
            return httpx.Response(200, json={"service_code": "x", "attributes": []})
        ids = asked["service_request_id"].split(",")
        known = [one["service_request_id"] for one in self.stored]
        found = [{"service_request_id": one} for one in known if one in ids]
        return httpx.Response(200, json=found)


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    monkeypatch.setattr(sending, "FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(sending, "LONGEST_WAIT_S", 0.002)


def client_of(city, http, patience_s=5.0):
    return Client(http, "santander.es", "k", patience_s)


def send(city, *reports, patience_s=5.0):
    async def run():
        transport = httpx.MockTransport(city)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://city/open311/v2/"
        ) as http:
            client = client_of(city, http, patience_s)
            return [await client.send(one) for one in reports]

    return asyncio.run(run())


def test_an_accepted_report_has_its_id():
    [answer] = send(City(), report_of(a_row()))

    assert (answer.kind, answer.service_request_id, answer.tries) == ("accepted", "SDR-1", 1)


def test_an_accepted_report_of_a_batch_service_has_its_token():
    [answer] = send(City("token"), report_of(a_row()))

    assert (answer.kind, answer.token, answer.service_request_id) == ("accepted", "t-1", "")


def test_a_refusal_is_told_with_the_citys_reason_and_not_repeated():
    city = City(400)
    [answer] = send(city, report_of(a_row()))

    assert (answer.kind, answer.status, answer.reason) == ("refused", 400, "because 400")
    assert len(city.posts) == 1


@pytest.mark.parametrize("trouble", [429, 503, "absent"])
def test_trouble_is_waited_for_until_the_report_is_in(trouble):
    city = City(trouble, trouble, "keep")
    [answer] = send(city, report_of(a_row()))

    assert (answer.kind, answer.tries) == ("accepted", 3)
    assert len(city.stored) == 1


def test_a_report_whose_answer_got_lost_is_sent_again_under_its_mark_and_stored_once():
    city = City("keep and break")
    [answer] = send(city, report_of(a_row()))

    assert (answer.kind, answer.service_request_id, answer.tries) == ("accepted", "SDR-1", 2)
    assert len(city.stored) == 1
    assert city.posts[0] == city.posts[1]


@pytest.mark.parametrize("trouble", ["break", 502, 500])
def test_a_report_that_was_not_stored_is_sent_again(trouble):
    city = City(trouble)
    [answer] = send(city, report_of(a_row()))

    assert (answer.kind, len(city.stored)) == ("accepted", 1)


def test_an_equal_report_of_another_row_is_not_taken_for_the_lost_one():
    city = City("keep", "break")
    first, second = send(city, report_of(a_row()), report_of(a_row(request_id="r-2")))

    assert first.service_request_id != second.service_request_id
    assert len(city.stored) == 2


def test_patience_ends_and_the_row_is_named_as_failed():
    [answer] = send(City(*[503] * 1000), report_of(a_row()), patience_s=0.02)

    assert (answer.kind, answer.status, answer.reason) == ("failed", 503, "because 503")


# --- the whole command


@pytest.fixture(scope="module")
def read():
    return packs.read_packs(CITIES)


@pytest.fixture
def town(monkeypatch, tmp_path, read):
    """A made-up city behind the command, and the environment that leads to it."""
    city = City()
    real = httpx.AsyncClient

    def client(**given):
        given.pop("limits")
        return real(transport=httpx.MockTransport(city), **given)

    monkeypatch.setattr(command.httpx, "AsyncClient", client)
    monkeypatch.setattr(command, "read_packs", lambda _: read)
    monkeypatch.setenv("PUBLIC_URL", "http://city")
    monkeypatch.setenv("OMBUD_REPORT_KEY", "k")
    monkeypatch.setenv("OMBUD_DATA", str(tmp_path / "none"))
    return city


LINES = [
    "request_id,service_name,description,lang,lat,long",
    "1,Farola apagada,oscuro,es,40.41,-3.70",
    "2,Desperfecto en acera,rota,es,40.42,-3.71",
    "3,Parquímetro,no va,es,40.43,-3.72",
]


def run(tmp_path, *more):
    path = a_file(tmp_path, LINES)
    return command.main([str(path), "--out", str(tmp_path / "out"), *more])


def test_a_replay_tells_what_was_accepted_and_where_it_went(town, tmp_path, capsys):
    assert run(tmp_path) == 0

    told = capsys.readouterr().out
    assert "3 rows for santander.es at http://city" in told
    assert "accepted       3" in told
    assert "Parquímetro -> otro (fallback)" in told
    accepted = (tmp_path / "out" / "accepted.csv").read_text().splitlines()
    assert accepted[1:] == [
        "1,farola-apagada,SDR-1,,1",
        "2,acera-rota,SDR-2,,1",
        "3,otro,SDR-3,,1",
    ]


def test_a_second_run_sends_only_what_was_not_accepted(town, tmp_path, capsys):
    town.script = ["keep", 400, "keep"]
    assert run(tmp_path) == 0
    assert "400 because 400" in capsys.readouterr().out

    assert run(tmp_path) == 0

    assert len(town.stored) == 3
    assert "before         2" in capsys.readouterr().out
    assert (tmp_path / "out" / "refused.csv").read_text().count("\n") == 1


def test_again_sends_everything_once_more(town, tmp_path):
    run(tmp_path)
    run(tmp_path, "--again")

    assert len(town.stored) == 6


def test_a_box_that_was_emptied_gets_everything_anew(town, tmp_path):
    run(tmp_path)
    town.stored.clear()

    run(tmp_path)

    assert len(town.stored) == 3


def test_rows_and_skip_choose_a_part_of_the_file(town, tmp_path):
    run(tmp_path, "--skip", "1", "--rows", "1")

    assert [one["description"] for one in town.stored] == ["rota"]


def test_a_row_that_nobody_answered_makes_the_command_fail(town, tmp_path):
    town.script = [503] * 1000

    assert run(tmp_path, "--rows", "1", "--patience", "0.01") == 1
    assert "because 503" in (tmp_path / "out" / "failed.csv").read_text()


def test_strict_makes_a_refusal_a_failure(town, tmp_path):
    town.script = [400]

    assert run(tmp_path, "--strict") == 1


def test_a_mapping_to_a_service_the_city_lacks_stops_before_the_first_report(
    town, tmp_path, capsys
):
    (tmp_path / "map.yaml").write_text("Farola apagada: nowhere\n")

    assert run(tmp_path, "--map", str(tmp_path / "map.yaml")) == 2
    assert "offers no service nowhere" in capsys.readouterr().err
    assert not town.posts


def test_an_unknown_city_is_told_with_the_known_ones(town, tmp_path, capsys):
    assert run(tmp_path, "--city", "paris.fr") == 2
    assert "there are: itanhaem.sp.gov.br, santander.es" in capsys.readouterr().err


def test_the_language_of_the_file_chooses_the_city(town, tmp_path):
    path = a_file(tmp_path, [LINES[0], "1,Buraco,x,pt,-24.18,-46.79"])

    command.main([str(path), "--out", str(tmp_path / "out")])

    assert town.stored[0]["jurisdiction_id"] == "itanhaem.sp.gov.br"


def test_the_service_list_is_asked_for_in_the_language_of_the_file(town, tmp_path):
    run(tmp_path)

    assert town.locale == "es"


def test_half_a_line_of_a_killed_run_is_left_out(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.write(Answer("1", "bache", "accepted", 201, "SDR-1"))
    with ledger.path.open("a") as file:
        file.write('{"request_id": "2", "serv')

    again = Ledger(tmp_path)
    again.load()

    assert list(again.answers) == ["1"]


# --- the box


def test_keys_come_from_the_box_and_the_environment_goes_before(tmp_path):
    (tmp_path / "keys.json").write_text(json.dumps({"report": "kept", "import": "kept too"}))
    env = {"OMBUD_DATA": str(tmp_path), "PORT": "9000", "OMBUD_IMPORT_MOVES_KEY": "given"}

    box = Box.from_env(env, keys={})

    assert box.url == "http://127.0.0.1:9000"
    assert (box.key("report"), box.key("import-moves")) == ("kept", "given")


def test_a_missing_key_is_told_with_what_to_do(tmp_path):
    with pytest.raises(NoBox, match="OMBUD_IMPORT_MOVES_KEY"):
        Box.from_env({"OMBUD_DATA": str(tmp_path)}, keys={}).key("import-moves")


def test_keys_do_not_show_in_what_is_printed(tmp_path):
    box = Box.from_env({"OMBUD_DATA": str(tmp_path)}, keys={"report": "very-secret"})

    assert "very-secret" not in repr(box)


# --- the bar


class Screen:
    def __init__(self, *, tty):
        self.tty, self.written = tty, []

    def isatty(self):
        return self.tty

    def write(self, text):
        self.written.append(text)

    def flush(self):
        pass


def test_a_bar_on_no_terminal_writes_a_line_each_tenth():
    screen, ticks = Screen(tty=False), iter(range(10_000))
    bar = Bar(1000, "x", out=screen, clock=lambda: next(ticks))

    for done in range(1001):
        bar.show(done)
    bar.end()

    assert 10 <= len(screen.written) <= 12
    assert all(line.endswith("\n") for line in screen.written)


def test_a_bar_on_a_terminal_stays_on_its_line():
    screen, ticks = Screen(tty=True), iter(range(10_000))
    bar = Bar(4, "x", out=screen, clock=lambda: next(ticks))

    for done in range(5):
        bar.show(done, "2 accepted")

    assert all(line.startswith("\r") for line in screen.written)
    assert "[############################] 4/4 2 accepted" in screen.written[-1]
