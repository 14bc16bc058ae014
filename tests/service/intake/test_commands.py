"""The commands of intake's own."""

import json

from intake import app as intake_app
from servicekit import cli


def command(intake, name, *argv):
    return intake_app.SERVICE.commands[name].run(intake.process, argv)


def test_a_key_is_made_shown_once_listed_and_revoked(intake, capsys):
    command(intake, "keys", "create", "--name", "An app", "--role", "report")
    key = capsys.readouterr().out.strip()
    assert intake.report(api_key=key).status_code == 201

    command(intake, "keys", "list")
    listed = capsys.readouterr().out
    assert "An app" in listed
    assert key.partition(".")[2] not in listed
    assert command(intake, "keys", "revoke", key.partition(".")[0]) == 0
    intake.rows("SELECT pg_sleep(2.1)")  # it is remembered for two seconds
    assert intake.report(api_key=key).status_code == 403
    assert command(intake, "keys", "revoke", "nobody") == 1


def test_a_key_is_limited_and_shown_by_commands(intake, capsys):
    made = ("--name", "An app", "--role", "report", "--contact", "dev@app.example")
    command(intake, "keys", "create", *made, "--per-minute", "60", "--expires", "2035-01-01")
    identity = capsys.readouterr().out.partition(".")[0]
    assert command(intake, "keys", "limit", identity, "--per-minute", "6", "--burst", "2") == 0

    assert command(intake, "keys", "show", identity) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["per_minute"], shown["burst"]) == (6, 2)
    assert shown["contact_email"] == "dev@app.example"
    assert shown["expires_at"] == "2035-01-01T00:00:00Z"
    assert "hash" not in shown
    assert command(intake, "keys", "limit", identity) == 0
    command(intake, "keys", "show", identity)
    assert json.loads(capsys.readouterr().out)["per_minute"] is None
    assert command(intake, "keys", "show", "nobody") == 1
    assert command(intake, "keys", "limit", "nobody") == 1


def test_what_an_older_version_rendered_is_rendered_again(intake):
    first, second = intake.reported(), intake.reported()
    intake.rows(
        "UPDATE request SET render_version = 0, json_fragment = 'old', xml_fragment = 'old'"
        " WHERE service_request_id = :one",
        one=first,
    )
    assert command(intake, "render") == 0

    assert intake.one(first)["service_request_id"] == first
    assert intake.one(second)["service_request_id"] == second
    assert len(intake.listed()) == 2


def test_every_command_of_intake_is_offered(capsys):
    assert cli.main(intake_app.SERVICE, []) == 2
    offered = capsys.readouterr().err
    assert all(name in offered for name in ("serve", "listen", "keys", "messages", "render"))
