"""Which encoding a client wants most, and what comes out of it."""

import asyncio
import gzip

import pytest
import zstandard
from servicekit.web import coding
from servicekit.web.asked import Asked

JSON = (b"content-type", b"application/json; charset=utf-8")


def sent(pieces, accepted="gzip", headers=(JSON,), method="GET", shelf=None):
    """Return the headers and the body that go out for the pieces of an answer."""
    out = []

    async def send(message):
        out.append(message)

    async def answer():
        wishes = [(b"accept-encoding", accepted.encode())] if accepted else []
        scope = {"method": method, "path": "/a.json", "query_string": b"", "headers": wishes}
        wrapped = coding.wrap(Asked(scope), send, shelf or coding.Shelf())
        await wrapped({"type": "http.response.start", "status": 200, "headers": list(headers)})
        for number, piece in enumerate(pieces, 1):
            more = number < len(pieces)
            await wrapped({"type": "http.response.body", "body": piece, "more_body": more})

    asyncio.run(answer())
    return dict(out[0]["headers"]), [one["body"] for one in out[1:]]


@pytest.mark.parametrize(
    ("accepted", "wanted"),
    [
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("zstd;q=0.5, GZIP", "gzip"),
        ("gzip;q=0, *", "zstd"),
        ("*", "zstd"),
        ("br", None),
        ("identity", None),
        ("gzip;q=0", None),
        ("gzip;q=what", None),
        ("", None),
    ],
)
def test_the_coding_with_the_greatest_weight_is_chosen(accepted, wanted):
    assert coding.chosen(accepted) == wanted


def test_a_long_answer_goes_out_as_gzip_or_zstd():
    body = b'{"a": 1}' * 1000

    headers, pieces = sent([body])
    assert (headers[b"content-encoding"], headers[b"vary"]) == (b"gzip", b"Accept-Encoding")
    assert gzip.decompress(b"".join(pieces)) == body
    assert int(headers[b"content-length"]) == len(b"".join(pieces))
    headers, pieces = sent([body], "zstd")
    assert headers[b"content-encoding"] == b"zstd"
    assert zstandard.ZstdDecompressor().decompressobj().decompress(b"".join(pieces)) == body


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"{}", (JSON, (b"content-length", b"2"))),
        (b"x" * 9000, ((b"content-type", b"image/png"),)),
        (b"x" * 9000, (JSON, (b"content-encoding", b"br"))),
    ],
)
def test_what_is_short_or_packed_already_stays_as_it_is(body, headers):
    out, pieces = sent([body], headers=headers)

    assert pieces == [body]
    assert b"vary" not in out


def test_who_takes_no_coding_is_told_that_others_get_another():
    out, pieces = sent([b"x" * 9000], accepted="", headers=(JSON, (b"vary", b"Accept-Language")))

    assert pieces == [b"x" * 9000]
    assert out[b"vary"] == b"Accept-Language, Accept-Encoding"


@pytest.mark.parametrize("accepted", ["gzip", "zstd"])
def test_each_piece_of_a_stream_can_be_read_when_it_comes(accepted):
    _, pieces = sent([b"one,", b"two,", b"three"], accepted)
    reader = (
        zstandard.ZstdDecompressor().decompressobj()
        if accepted == "zstd"
        else __import__("zlib").decompressobj(31)
    )

    assert [reader.decompress(piece) for piece in pieces] == [b"one,", b"two,", b"three"]


def test_a_tag_of_one_encoding_becomes_weak():
    out, _ = sent([b"x" * 9000], headers=(JSON, (b"etag", b'"strong"')))

    assert out[b"etag"] == b'W/"strong"'


def test_the_same_answer_is_packed_once_and_the_oldest_makes_room():
    shelf = coding.Shelf(most_bytes=100)
    tagged = (JSON, (b"etag", b'W/"1"'))
    first = sent([b"x" * 9000], headers=tagged, shelf=shelf)

    assert sent([b"y" * 9000], headers=tagged, shelf=shelf) == first  # known by its tag
    for number in range(20):
        sent([b"z" * 9000], headers=(JSON, (b"etag", b'W/"n%d"' % number)), shelf=shelf)
    assert shelf.bytes <= 100
