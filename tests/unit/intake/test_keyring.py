"""Keys are remembered for a moment and no longer."""

import pytest
from intake import keyring
from servicekit.errors import Forbidden
from servicekit.keys import Key
from servicekit.limits import NO_LIMIT, Limiter, PerAddress

KEY = Key(id="k", name="k", jurisdictions=frozenset(), roles=frozenset({"report"}), department=None)


class Sessions:
    """A database that nobody asks."""

    def begin(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


@pytest.fixture
def ring(monkeypatch):
    def find(_session, _table, text):
        return KEY if text == "good" else None

    monkeypatch.setattr(keyring.keys, "find", find)
    now = [100.0]
    limiter = Limiter(Sessions())
    guesses = PerAddress(limiter=limiter, limit=NO_LIMIT, purpose="guess", secret_key="s")
    made = keyring.Keyring(Sessions(), limiter, NO_LIMIT, guesses, tick_s=lambda: now[0])
    made.now = now
    return made


def test_a_good_key_is_remembered_for_two_seconds(ring):
    assert ring.recall("good") is None
    assert ring.admit("good") is KEY
    assert ring.recall("good") is KEY
    ring.now[0] += 2.0
    assert ring.recall("good") is None


@pytest.mark.parametrize("text", [None, "", "bad", "\ud800"])
def test_a_bad_key_is_refused_every_time(ring, text):
    for _ in range(2):
        assert ring.recall(text) is None
        with pytest.raises(Forbidden):
            ring.admit(text)
