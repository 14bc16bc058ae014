"""A stranger cannot hold a connection, or fill the memory, before there is a request."""

import socket
import threading
import time

import pytest
import uvicorn
from servicekit import workers
from servicekit.web import door
from servicekit.web.reply import WHOLE

LENGTH = (b"content-length", b"4")
BODIES = {"/whole": b"whole", "/whole/long": b"long" * 100_000}


async def application(scope, receive, send):
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    if scope["path"].startswith("/whole"):
        told = scope["query_string"].replace(b"%0A", b"\n")
        length = (b"content-length", b"%d" % len(BODIES[scope["path"]]))
        body = b"" if scope["method"] == "HEAD" else BODIES[scope["path"]]
        await scope["extensions"][WHOLE](200, [length, (b"x-told", told)], body)
        return
    await send({"type": "http.response.start", "status": 200, "headers": [LENGTH]})
    await send({"type": "http.response.body", "body": b"done"})


@pytest.fixture(scope="module")
def port():
    """Serve the application behind the door; return its port."""
    [made] = workers.listening("127.0.0.1", 0, 1)
    config = uvicorn.Config(
        application, http=door.Door, log_config=None, access_log=False, lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [made]})
    thread.start()
    yield made.getsockname()[1]
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def hurry(monkeypatch):
    """Let deadlines come soon."""
    monkeypatch.setattr(door, "HEAD_WITHIN_S", 0.3)
    monkeypatch.setattr(door, "BODY_WITHIN_S", 0.3)


@pytest.fixture
def keep_alive(monkeypatch):
    """Let connections rest for a moment only."""
    begin = door.Door.connection_made

    def made(self, transport):
        self.timeout_keep_alive = 0.3
        begin(self, transport)

    monkeypatch.setattr(door.Door, "connection_made", made)


def told(port, *pieces, pause_s=0.0):
    """Send pieces one after the other and return all that is answered until the end."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause_s)
        except OSError:
            pass  # it hung up on us, which is what some tests want
        heard = b""
        try:
            while piece := connection.recv(65536):
                heard += piece
        except OSError:
            pass
        return heard


END = b"Connection: close\r\n\r\n"


def test_a_request_in_pieces_is_answered(port):
    pieces = (b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n", END, b"ab", b"cd")

    assert told(port, *pieces, pause_s=0.05).endswith(b"done")


def test_a_long_address_is_read_and_a_longer_one_refused_with_an_error_list(port):
    line = b"GET /open311/v2/requests.json?x=%s HTTP/1.1\r\nHost: x\r\n"

    assert told(port, line % (b"a" * 60_000) + END).endswith(b"done")
    refused = told(port, line % (b"a" * 66_000) + END)
    assert refused.startswith(b"HTTP/1.1 414 ")
    assert refused.endswith(
        b'[{"code":414,"description":"the address is longer than 65536 bytes"}]'
    )


def test_headers_without_end_are_refused_with_an_error_list(port):
    first = b"GET /open311/v2/requests.xml HTTP/1.1\r\nHost: x\r\n"
    refused = told(port, first, *[b"X-A: " + b"a" * 8000 + b"\r\n"] * 20)

    assert refused.startswith(b"HTTP/1.1 431 ") or refused == b""


def test_one_header_without_end_is_refused(port):
    refused = told(port, b"GET /x.json HTTP/1.1\r\nX-A: ", *[b"a" * 8000] * 20)

    assert refused.startswith(b"HTTP/1.1 431 ") or refused == b""


def test_what_is_no_http_is_refused_with_an_error_list(port):
    assert told(port, b"\x16\x03\x01 nonsense\r\n\r\n").startswith(b"HTTP/1.1 400 ")


def test_a_head_that_comes_too_slowly_is_refused(port, hurry):
    assert told(port, b"GET /x.json HTTP/1.1\r\nHos").startswith(b"HTTP/1.1 408 ")


def test_a_body_that_comes_too_slowly_is_refused(port, hurry):
    head = b"POST /x.json HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"

    assert told(port, head, b"ab").startswith(b"HTTP/1.1 408 ")


def test_a_drip_of_bytes_does_not_put_off_the_deadline(port, hurry):
    began = time.monotonic()
    head = b"POST /x.json HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n"
    told(port, head, *[b"a"] * 20, pause_s=0.1)

    assert time.monotonic() - began < 5


def ask(path, method=b"GET", more=b""):
    return b"%b %b HTTP/1.1\r\nHost: x\r\n%b\r\n" % (method, path, more)


LAST = b"Connection: close\r\n"


def test_an_answer_that_is_whole_is_written_like_one_in_pieces(port):
    heard = told(port, ask(b"/whole?a", more=LAST))

    head, _, body = heard.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert head.endswith(b"content-length: 5\r\nx-told: a\r\nconnection: close")
    assert b"\r\ndate: " in head
    assert body == b"whole"
    assert told(port, ask(b"/whole/long", more=LAST)).endswith(b"\r\n\r\n" + b"long" * 100_000)


def test_requests_of_one_connection_are_answered_in_their_order(port):
    several = (
        ask(b"/whole?1") + ask(b"/x") + ask(b"/whole?2", b"HEAD") + ask(b"/whole?3", more=LAST)
    )

    for pieces in ([several], [several[:60], several[60:]], [several[:-3], several[-3:]]):
        heard = told(port, *pieces, pause_s=0.05)
        marks = [b"x-told: 1", b"whole", b"done", b"x-told: 2", b"x-told: 3", b"whole"]
        found = [heard.index(mark, heard.find(b"x-told: 3")) for mark in marks[-2:]]
        assert found == sorted(found)
        assert [heard.count(mark) for mark in marks[:5]] == [1, 2, 1, 1, 1]


def test_a_header_with_a_line_end_is_not_written(port):
    heard = told(port, ask(b"/whole?a%0Aset-cookie:x", more=LAST))

    assert heard.startswith(b"HTTP/1.1 500 ")
    assert b"set-cookie" not in heard


def test_a_connection_on_which_nothing_more_is_asked_is_closed(port, keep_alive):
    began = time.monotonic()

    assert told(port, ask(b"/whole?1"), ask(b"/whole?2"), pause_s=0.1).count(b"whole") == 2
    assert time.monotonic() - began < 5


def test_who_asks_nothing_is_hung_up_on(port, hurry):
    assert told(port) == b""
