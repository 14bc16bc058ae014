"""Signing in with a name and a password: one answer to all that is wrong, and not too often."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from servicekit import config
from servicekit.db import Now
from servicekit.errors import NotKnown
from servicekit.limits import Limit, Limiter, PerAddress
from servicekit.people import accounts
from servicekit.people.passwords import Passwords
from servicekit.people.person import Person
from servicekit.process import Process

WRONG = "name or password is wrong"
LASTS_S = 8 * 3600.0
GUESSES = Limit(10, 10)
WRONG_ONES = Limit(20, 40)


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """A token, and whom it stands for until when."""

    token: str
    until: datetime
    person: Person


@dataclass(frozen=True, kw_only=True)
class Signing:
    """Signs people in and out.

    ``guesses`` bounds the tries at one account, right or wrong, wherever they come from;
    ``wrong`` the wrong ones from one address, so that a town hall behind one is not shut out.
    """

    db: sessionmaker[Session]
    where: accounts.Tables
    passwords: Passwords
    limiter: Limiter
    guesses: Limit
    wrong: PerAddress
    lasts: timedelta
    now: Now

    @classmethod
    def of(cls, process: Process, where: accounts.Tables) -> Self:
        """Return it as the settings of a process want it; raises BadConfig."""
        env, own = process.env, process.service.name.upper()
        limiter = Limiter(process.db)
        wrong = PerAddress(
            limiter=limiter,
            limit=config.limit(env, f"{own}_WRONG_PASSWORD", WRONG_ONES),
            purpose="password",
            secret_key=process.common.secret_key or secrets.token_hex(),
        )
        return cls(
            db=process.db,
            where=where,
            passwords=Passwords(),
            limiter=limiter,
            guesses=config.limit(env, f"{own}_SIGN_IN", GUESSES),
            wrong=wrong,
            lasts=_lasts(env, own),
            now=process.now,
        )

    def sign_in(self, name: str, password: str, address: str | None) -> SignedIn:
        """Return a new token; raises NotKnown, the same for all that is wrong, and TooMany."""
        self.wrong.check(address)
        self.limiter.charge(_bucket(name), self.guesses)
        with self.db() as session:
            found = accounts.find(session, self.where, name)
        good = found is not None and found.disabled_at is None
        fits = self.passwords.fits(found.hash if found and good else None, password)
        made = self._let_in(found, password) if found and fits else None
        if made:
            return made
        self.wrong.charge(address)
        raise NotKnown(WRONG)

    def _let_in(self, found: sa.Row[Any], password: str) -> SignedIn | None:
        old = self.passwords.outdated(found.hash)
        hashed = self.passwords.hashed(password) if old else None
        now = self.now()
        with self.db.begin() as session:
            token = accounts.open_session(
                session, self.where, found, now=now, lasts=self.lasts, hashed=hashed
            )
        person = accounts.person_of(found)
        return SignedIn(token=token, until=now + self.lasts, person=person) if token else None

    def sign_out(self, token: str) -> None:
        """Make a token useless, at once and everywhere."""
        with self.db.begin() as session:
            accounts.close_session(session, self.where, token)


def _lasts(env: Mapping[str, str], own: str) -> timedelta:
    return timedelta(seconds=config.seconds(env, f"{own}_SIGN_IN_LASTS_S", LASTS_S))


def _bucket(name: str) -> str:
    """Return the bucket of a name, also of one that nobody has; what was typed is not kept."""
    return "account:" + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]
