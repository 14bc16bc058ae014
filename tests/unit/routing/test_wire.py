from datetime import UTC, datetime, timedelta, timezone

import pytest
from routing import wire
from servicekit.errors import BadInput


def test_moments_are_written_in_utc_with_no_more_than_milliseconds():
    plain = datetime(2026, 6, 1, 10, 0, tzinfo=timezone(timedelta(hours=2)))

    assert wire.moment(plain) == "2026-06-01T08:00:00Z"
    assert wire.moment(plain.replace(microsecond=123456)) == "2026-06-01T08:00:00.123Z"
    assert wire.moment(None) is None


def test_moments_are_read_with_their_offset():
    assert wire.read_moment("2026-06-01T10:00:00+02:00") == datetime(2026, 6, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2026-06-01T10:00:00", "2026-13-01T10:00:00Z", "soon", "0001-01-01T00:00:00+14:00"]
)
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(BadInput, match="no date-time with an offset"):
        wire.read_moment(text)
