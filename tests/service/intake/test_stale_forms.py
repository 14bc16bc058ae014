"""Reports by forms that were made before the questions changed: taken in and flagged."""

import re

import pytest
import towns
from intake import app as intake_app
from parts.doors import Client
from servicekit.process import Process

CODE = "full.questions"
_DEPTH = re.compile(r"      - \{code: DEPTH.*?\]\}\n", re.DOTALL)
_MORE = (
    "      - {code: WIDTH, datatype: singlevaluelist, required: true,"
    " description: {es: Ancho, en: How wide?},\n"
    "         values: [{key: a, name: {es: Poco, en: Little}},"
    " {key: z, name: {es: Mucho, en: Much}}]}\n"
)


class Town:
    """A process of intake whose city's questions a test changes; each change is a new start."""

    def __init__(self, intake, folder):
        self.intake, self.folder, self.made = intake, folder, []
        self.start()

    def start(self):
        env = {**self.intake.process.env, "CITIES_DIR": str(self.folder)}
        process = Process(intake_app.SERVICE, env=env, now=self.intake.clock)
        self.made.append(process)
        self.client = Client(intake_app.serve(process))
        intake_app.definitions(process, intake_app.ground(process).packs).record()
        return self

    def ask(self, words):
        """Change the services file: ``words`` takes its text and returns the new one."""
        path = self.folder / towns.FIRST / "services.yaml"
        path.write_text(words(path.read_text()))
        self.intake.clock.forward(minutes=1)
        return self.start()

    def ask_width(self):
        """Ask WIDTH, which is required, and DEPTH no more."""
        return self.ask(lambda text: _DEPTH.sub(_MORE, text, count=1))

    def get(self, what, **params):
        params = {"jurisdiction_id": towns.FIRST, **params}
        return self.client.get(f"/open311/v2/{what}", params=params)

    def version(self):
        return self.get(f"services/{CODE}.json").headers["definition-version"]

    def report(self, **fields):
        form = self.intake.form(service_code=CODE, **fields)
        return self.client.post("/open311/v2/requests.json", data=form)

    def taken(self, **fields):
        """Return the row of a report that is taken in."""
        answer = self.report(**fields)
        assert answer.status_code == 201, answer.text
        identity = answer.json()[0]["service_request_id"]
        [row] = self.intake.rows(
            "SELECT * FROM request WHERE service_request_id = :id", id=identity
        )
        return row


@pytest.fixture
def town(intake, tmp_path):
    town = Town(intake, towns.build(tmp_path / "cities"))
    yield town
    for process in town.made:
        process.engine.dispose()


def deep(value="a"):
    return {"attribute[DEPTH]": value}


def test_a_definition_says_its_version_and_keeps_it_while_it_stays_the_same(town):
    version = town.version()
    told = town.get(f"services/{CODE}.json", extensions="true").json()

    assert told["definition_version"] == version
    assert "definition_version" not in town.get(f"services/{CODE}.json").json()
    xml = town.get(f"services/{CODE}.xml", extensions="true")
    assert f"<definition_version>{version}</definition_version>" in xml.text
    assert town.start().version() == version
    assert town.ask_width().version() != version


def test_a_report_by_the_present_questions_is_not_stale(town):
    row = town.taken(**deep())

    assert (row["stale_form"], row["definition_version"]) == (False, town.version())
    [fact] = town.intake.facts("request.submitted.v1")
    assert fact["data"]["definition_version"] == town.version()
    assert fact["data"]["stale_form"] is False


def test_a_report_by_older_questions_is_taken_in_and_flagged(town):
    older = town.version()
    town.ask_width()

    row = town.taken(**deep("k"))

    assert (row["stale_form"], row["definition_version"]) == (True, older)
    assert row["answers"] == [{"code": "DEPTH", "values": ["k"]}]
    [fact] = town.intake.facts("request.submitted.v1")
    assert fact["data"]["definition_version"] == older
    assert fact["data"]["stale_form"] is True
    assert fact["data"]["attributes"] == [{"code": "DEPTH", "values": ["k"]}]


def test_a_report_that_fits_no_version_is_refused_by_the_present_one(town, errors):
    town.ask_width()

    answer = town.report(**deep("no such key"))

    assert errors(answer) == [(400, "WIDTH required")]


def test_a_report_that_answers_a_question_of_today_was_not_made_for_yesterday(town, errors):
    town.ask_width()

    answer = town.report(**deep(), **{"attribute[WIDTH]": "no such key"})

    assert errors(answer) == [(400, "WIDTH must be one of the keys of its values")]


def test_the_version_that_the_client_sends_is_the_one_meant(town):
    older = town.version()
    town.ask(lambda text: text.replace("{es: Rodilla, en: Knee}", "{es: Cadera, en: Hip}"))

    meant = town.taken(**deep("k"), definition_version=older)
    plain = town.taken(**deep("k"))

    assert (meant["definition_version"], meant["stale_form"]) == (older, False)
    assert (plain["definition_version"], plain["stale_form"]) == (town.version(), False)


def test_an_answer_that_is_not_asked_for_any_more_is_kept_with_the_version_sent(town):
    older = town.version()
    town.ask(lambda text: re.sub(r"      - \{code: COUNT.*\n", "", text))

    row = town.taken(**deep(), **{"attribute[COUNT]": "3"}, definition_version=older)

    assert (row["definition_version"], row["stale_form"]) == (older, True)
    assert {"code": "COUNT", "values": ["3"]} in row["answers"]


def test_the_newest_version_that_fits_is_taken_when_none_is_sent(town):
    town.ask(lambda text: text.replace("{es: Rodilla, en: Knee}", "{es: Cadera, en: Hip}"))
    newer = town.version()
    town.ask_width()

    assert town.taken(**deep("k"))["definition_version"] == newer


def test_an_unknown_version_counts_for_nothing(town):
    row = town.taken(**deep(), definition_version="made up")

    assert (row["definition_version"], row["stale_form"]) == (town.version(), False)


def test_a_version_that_was_replaced_long_ago_is_refused(town, errors):
    older = town.version()
    town.ask_width()
    town.intake.clock.forward(days=179)
    town.start()
    assert town.report(**deep()).status_code == 201

    town.intake.clock.forward(days=2)
    town.start()

    assert errors(town.report(**deep())) == [(400, "WIDTH required")]
    assert town.report(**deep(), definition_version=older).status_code == 400


def test_questions_that_come_back_are_the_version_that_they_were(town):
    services = town.folder / towns.FIRST / "services.yaml"
    kept = services.read_text()
    first = town.version()
    town.ask_width()
    town.ask(lambda _: kept)

    assert town.version() == first
    rows = town.intake.rows(
        "SELECT replaced_at FROM service_definition WHERE service_code = :code AND version = :one"
        " AND jurisdiction_id = :city",
        code=CODE,
        one=first,
        city=towns.FIRST,
    )
    assert [row["replaced_at"] for row in rows] == [None]


def test_a_service_that_is_not_offered_any_more_is_not_found(town):
    def without(text):
        return text.replace("service_code: full.questions", "service_code: other.questions")

    town.ask(without)

    assert town.report(**deep()).status_code == 404


def test_answers_keep_the_labels_of_the_version_they_were_made_for(town):
    def shown(row):
        what = f"requests/{row['service_request_id']}.json"
        [found] = town.get(what, extensions="true").json()
        return [(one["label"], one["name"]) for one in found["attributes"]]

    before = town.taken(**deep("k"))
    town.ask(lambda text: text.replace("{es: Rodilla, en: Knee}", "{es: Cadera, en: Hip}"))
    after = town.taken(**deep("k"))
    assert (shown(before), shown(after)) == ([("¿Cuánto?", "Rodilla")], [("¿Cuánto?", "Cadera")])

    town.ask_width()
    assert shown(before) == [("¿Cuánto?", "Rodilla")]
    assert shown(town.taken(**deep("k"))) == [("¿Cuánto?", "Cadera")]


def test_an_answer_that_is_called_private_later_is_shown_to_nobody(town):
    before = town.taken(**deep("k"))
    town.ask(lambda text: text.replace("code: DEPTH, ", "code: DEPTH, private: true, "))

    [found] = town.get(f"requests/{before['service_request_id']}.json", extensions="true").json()

    assert found["attributes"] == []


def test_the_changeset_of_discovery_changes_with_the_questions_and_with_the_list(town):
    def changeset():
        return town.get("discovery.json").json()["changeset"]

    first = changeset()
    assert town.start() is town
    town.intake.clock.forward(days=1)
    assert town.start().get("discovery.json").json()["changeset"] == first

    second = town.ask_width().get("discovery.json").json()["changeset"]
    renamed = town.ask(lambda text: text.replace("en: Pothole", "en: Deep pothole"))
    third = renamed.get("discovery.json").json()["changeset"]

    assert first < second < third
    assert town.get("discovery.json").json()["endpoints"][0]["changeset"] == third


def test_a_page_that_was_opened_before_the_questions_changed_is_taken_in(town):
    url = f"/cities/{towns.FIRST}/report/{CODE}"
    page = town.client.get(url).text
    version = re.search(r'name="definition_version" value="(\w+)"', page)[1]
    town.ask_width()

    sent = {"description": "Deep", "address_string": "Main 5", "definition_version": version}
    answer = town.client.post(url, data={**sent, **deep()})

    assert answer.status_code == 303
    [row] = town.intake.rows("SELECT stale_form, definition_version FROM request")
    assert (row["stale_form"], row["definition_version"]) == (True, version)


def test_the_versions_are_listed_by_a_command(town, capsys):
    town.ask_width()

    assert intake_app.SERVICE.commands["definitions"].run(town.made[-1], []) == 0

    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    mine = [line for line in lines if line[:2] == [towns.FIRST, CODE]]
    assert [line[-1] == "now" for line in mine] == [False, True]
