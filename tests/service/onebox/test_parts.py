import smtplib
import urllib.parse

import pytest
from onebox import parts


@pytest.fixture
def root(tmp_path):
    return tmp_path / "ombud"


def stopped(part):
    part.stop()
    assert not part.alive()


def test_postgres_keeps_a_committed_row_over_a_kill_and_comes_back_on_its_port(root):
    postgres = parts.Postgres(root)
    try:
        url = postgres.start()["INTAKE_DATABASE_URL"]
        with postgres._connect() as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS seven")
        postgres.kill()
        assert postgres.start()["INTAKE_DATABASE_URL"] == url
        with postgres._connect() as connection:
            assert connection.execute("SELECT seven FROM kept").fetchall() == [(7,)]
    finally:
        stopped(postgres)


def test_what_routing_owned_before_there_were_owners_is_its_owner_s_at_the_next_start(root):
    import psycopg  # noqa: PLC0415

    postgres = parts.Postgres(root)
    owners = "SELECT tableowner FROM pg_tables WHERE tablename = 'kept'"
    try:
        postgres.start()
        with postgres._connect() as connection:  # as an older version left it
            connection.execute("ALTER DATABASE routing OWNER TO routing")
        with postgres._connect("routing") as connection:
            connection.execute("GRANT CREATE ON SCHEMA public TO routing")
        url = postgres.url("routing").replace("+psycopg", "")
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS seven")
        env = postgres.start()
        with psycopg.connect(env["ROUTING_OWNER_DATABASE_URL"].replace("+psycopg", "")) as owner:
            assert owner.execute(owners).fetchall() == [("routing_owner",)]
    finally:
        stopped(postgres)


def test_a_server_left_over_by_a_killed_launcher_is_ended_and_replaced(root):
    first, second = parts.Postgres(root), parts.Postgres(root)
    try:
        first.start()
        second.start()
        assert not first.alive()
        assert second.alive()
    finally:
        first.stop()
        stopped(second)


def test_a_lock_whose_number_now_belongs_to_another_program_does_not_stop_postgres(root):
    postgres = parts.Postgres(root)
    try:
        postgres.start()
        postgres.kill()
        lock = postgres.data / "postmaster.pid"
        lock.write_text("\n".join(["1", *lock.read_text().splitlines()[1:]]))
        postgres.start()
    finally:
        stopped(postgres)


def test_the_log_in_the_store_keeps_acknowledged_records_over_kills_of_both(root):
    import kafka  # noqa: PLC0415

    seaweed = parts.Seaweed(root)
    tansu = parts.Tansu(root, seaweed.start())
    try:
        broker = tansu.start()["KAFKA_BOOTSTRAP_SERVERS"]
        admin = kafka.KafkaAdminClient(bootstrap_servers=broker)
        admin.create_topics({"kept": {"num_partitions": 1, "replication_factor": 1}})
        admin.close()
        producer = kafka.KafkaProducer(bootstrap_servers=broker, acks="all")
        producer.send("kept", b"one").get(10)
        producer.close()
        tansu.kill()
        seaweed.kill()
        seaweed.start()
        tansu.start()
        consumer = kafka.KafkaConsumer(
            "kept", bootstrap_servers=broker, auto_offset_reset="earliest", consumer_timeout_ms=5000
        )
        assert next(consumer).value == b"one"
        consumer.close()
    finally:
        stopped(tansu)
        stopped(seaweed)


def test_a_mail_becomes_a_file(root):
    mail = parts.Mail(root)
    try:
        address = urllib.parse.urlsplit(mail.start()["SMTP_URL"])
        with smtplib.SMTP(address.hostname, address.port) as server:
            server.sendmail("city@example.org", ["you@example.org"], b"Subject: hi\r\n\r\nall")
        [file] = mail.mails.glob("*.eml")
        assert b"X-Envelope-To: you@example.org\r\nSubject: hi" in file.read_bytes()
    finally:
        stopped(mail)


def test_a_part_that_cannot_start_says_why_with_the_end_of_its_log(root):
    postgres = parts.Postgres(root)
    postgres.start()
    postgres.stop()
    (postgres.data / "PG_VERSION").write_text("12\n")
    with pytest.raises(parts.PartError, match=r"postgres ended with 1 .*(?s:.*)not compatible"):
        postgres.start()


def test_a_lost_secret_is_said_at_once_and_leaves_no_server_behind(root):
    postgres = parts.Postgres(root)
    postgres.start()
    postgres.stop()
    postgres.secrets.put("database_postgres", "another")
    with pytest.raises(parts.PartError, match=r"the password in .* is not the one of"):
        postgres.start()
    assert not postgres.alive()
