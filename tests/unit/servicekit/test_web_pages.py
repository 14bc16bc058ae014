"""What stands between the open door and the pages' few threads."""

import asyncio

import flask
import pytest
from servicekit.errors import BadInput
from servicekit.web.pages import WORKERS, Pages

LIMIT_BYTES = 3_000_000


@pytest.fixture
def app():
    made = flask.Flask("pages", static_folder=None)
    made.config["MAX_CONTENT_LENGTH"] = LIMIT_BYTES
    made.add_url_rule("/", "get", lambda: "here")
    made.add_url_rule(
        "/", "post", lambda: str(len(flask.request.form.get("words", ""))), methods=["POST"]
    )
    made.add_url_rule("/raw", "raw", lambda: str(len(flask.request.data)), methods=["POST"])
    return Pages(made)


async def ask(app, receive, *, method="POST", path="/", length=0):
    headers = [(b"content-type", b"application/x-www-form-urlencoded")] if path == "/" else []
    headers += [(b"content-length", str(length).encode())] if length else []
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "root_path": ""}
    scope |= {"headers": headers, "http_version": "1.1", "scheme": "http", "client": None}
    sent = []

    async def send(message):
        sent.append(message)

    await app({**scope, "server": ("here", 80)}, receive, send)
    return sent[0]["status"], b"".join(one.get("body", b"") for one in sent)


def pieces(body, size):
    rest = [body[at : at + size] for at in range(0, len(body), size)]

    async def receive():
        piece = rest.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(rest)}

    return receive


async def never():
    await asyncio.Event().wait()


def test_clients_that_never_finish_their_form_keep_nobody_from_the_pages(app):
    async def both():
        slow = [asyncio.create_task(ask(app, never, length=10)) for _ in range(WORKERS + 1)]
        await asyncio.sleep(0.1)
        answer = await asyncio.wait_for(ask(app, never, method="GET"), 5)
        for one in slow:
            one.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        return answer

    assert asyncio.run(both()) == (200, b"here")


def test_a_form_that_comes_in_pieces_arrives_whole(app):
    body = b"words=" + b"a" * 400_000

    assert asyncio.run(ask(app, pieces(body, 1000), length=len(body))) == (200, b"400000")


def test_a_body_larger_than_memory_takes_arrives_whole(app):
    body = b"a" * 2_500_000

    answer = asyncio.run(ask(app, pieces(body, 100_000), path="/raw", length=len(body)))

    assert answer == (200, b"2500000")


def test_a_body_that_is_too_long_is_refused_without_being_read(app):
    assert asyncio.run(ask(app, never, length=LIMIT_BYTES + 1))[0] == 413


def test_a_body_that_breaks_off_is_nobodys_form(app):
    async def gone():
        return {"type": "http.disconnect"}

    with pytest.raises(BadInput):
        asyncio.run(ask(app, gone, length=10))
