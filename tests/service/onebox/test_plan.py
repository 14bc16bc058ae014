import pytest
from onebox import launcher, parts, plan


def test_a_part_with_an_address_in_the_environment_is_not_started():
    assert plan.needs({}) == {"postgres", "seaweed", "tansu", "mail"}
    given = {"KAFKA_BOOTSTRAP_SERVERS": "kafka:9092", "S3_ENDPOINT": "http://minio:9000"}
    assert plan.needs(given) == {"postgres", "mail"}
    urls = {f"{name.upper()}_DATABASE_URL": "postgresql+psycopg://x" for name in parts.SERVICES}
    assert plan.needs({**given, **urls, "SMTP_URL": "smtp://mail:25"}) == set()


def test_postgres_starts_while_one_service_has_no_address_of_its_own():
    assert "postgres" in plan.needs({"INTAKE_DATABASE_URL": "postgresql+psycopg://x"})


def test_what_the_caller_has_set_stands(tmp_path):
    place = plan.Place(tmp_path, 8311, 9311)
    env = plan.environment(place, {"S3_ENDPOINT": "http://ours"}, {"S3_ENDPOINT": "http://theirs"})
    assert env["S3_ENDPOINT"] == "http://theirs"
    assert env["MEDIA_URL"] == f"http://{env['MEDIA_BIND']}"
    assert env["ROUTING_URL"] == f"http://{env['ROUTING_BIND']}"
    assert len({env[f"{name.upper()}_BIND"] for name in parts.SERVICES}) == 5


def test_secrets_are_the_same_at_the_next_start(tmp_path):
    place = plan.Place(tmp_path, 8311, 9311)
    first, second = (plan.environment(place, {}, {}) for _ in range(2))
    for name in ("SERVICE_TOKEN", "INTAKE_SECRET_KEY", "FEEDBACK_SECRET_KEY"):
        assert first[name] == second[name]
    assert first["INTAKE_SECRET_KEY"] != first["FEEDBACK_SECRET_KEY"]


def test_no_lasting_process_knows_the_owner_of_a_database(tmp_path):
    place = plan.Place(tmp_path, 8311, 9311)
    owner = {"ROUTING_OWNER_DATABASE_URL": "postgresql+psycopg://owner@here/routing"}
    env = plan.environment(place, owner, {})

    assert {task.env.get(*owner) for task in plan.lasting_tasks(place, env)} == {None}
    [first, *_] = plan.first_tasks(place, env)
    assert all(task.env.items() >= owner.items() for task in first)


def test_the_box_s_owner_is_not_asked_about_another_database(tmp_path):
    place = plan.Place(tmp_path, 8311, 9311)
    owner = {"ROUTING_OWNER_DATABASE_URL": "postgresql+psycopg://owner@here/routing"}
    given = {"ROUTING_DATABASE_URL": "postgresql+psycopg://x@elsewhere/routing"}

    assert not plan.environment(place, owner, given).keys() & owner.keys()


@pytest.mark.parametrize("text", ["http", "0", "70000", "-1", "\uff18\uff13"])
def test_a_port_that_is_none_is_refused_by_its_name(text):
    with pytest.raises(plan.CannotStart, match="PORT must be a port number"):
        plan.Place.from_env({"PORT": text})


def test_every_service_has_its_four_roles_and_each_process_its_own_admin_port(tmp_path):
    place = plan.Place(tmp_path, 8311, 9311)
    env = plan.environment(place, {}, {})
    tasks = plan.lasting_tasks(place, env)
    assert len(tasks) == 20
    binds = {env[f"{name.upper()}_BIND"] for name in parts.SERVICES}
    assert len({task.env["ADMIN_BIND"] for task in tasks} | binds) == 25
    assert {task.name for task in tasks} >= {"intake serve", "metrics listen", "routing tick"}


def test_a_port_that_is_promised_is_given_to_nobody_else(monkeypatch):
    monkeypatch.setattr(parts.ports, "RANGE", (20_000, 20_003))
    assert 20_001 not in parts.free_ports(2, promised=[20_001])


def test_mails_logs_and_photos_are_their_owners_alone(tmp_path):
    place = plan.Place(tmp_path, 1, 2)
    place.mails.mkdir()  # as an older Ombud made it

    launcher.prepare(place)

    kept = (place.mails, place.logs, tmp_path / "seaweed")
    assert [folder.stat().st_mode & 0o777 for folder in kept] == [0o700] * 3
