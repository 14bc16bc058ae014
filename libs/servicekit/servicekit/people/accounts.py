"""Local accounts: people of one box or of a small city, where there is no OpenID issuer.

An account is a row with a password's hash and what the person is. Who signs in gets a token: 256
random bits of which a plain SHA-256 is kept, as with API keys. It ends by itself, by signing out,
by a new password and with the account, at once.
"""

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from servicekit.db import TIME
from servicekit.errors import BadInput, Conflict, NotFound
from servicekit.people.claims import ROLES
from servicekit.people.person import Person

SHAPE = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
TOKEN = "session_"  # noqa: S105 - how a token begins
_OF_DEPARTMENTS = {"department", "head"}


@dataclass(frozen=True)
class Tables:
    """Where a service keeps its accounts and who is signed in."""

    accounts: sa.Table
    tokens: sa.Table


def tables(metadata: sa.MetaData) -> Tables:
    """Return the tables ``account`` and ``account_token`` of a service."""
    accounts = sa.Table(
        "account",
        metadata,
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("roles", ARRAY(sa.Text), nullable=False),
        sa.Column("departments", ARRAY(sa.Text), nullable=False),
        sa.Column("jurisdictions", ARRAY(sa.Text)),  # null: every one
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("password_at", TIME, nullable=False),
        sa.Column("signed_in_at", TIME),
        sa.Column("disabled_at", TIME),
    )
    tokens = sa.Table(
        "account_token",
        metadata,
        sa.Column("hash", sa.LargeBinary, primary_key=True),
        sa.Column("account", sa.Text, sa.ForeignKey("account.name"), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
    )
    sa.Index("ix_account_token_account", tokens.c.account)
    sa.Index("ix_account_token_expires_at", tokens.c.expires_at)
    return Tables(accounts, tokens)


_CREATE = """
CREATE TABLE account (
    name text NOT NULL,
    display_name text NOT NULL,
    hash text NOT NULL,
    roles text[] NOT NULL,
    departments text[] NOT NULL,
    jurisdictions text[],
    created_at timestamptz NOT NULL,
    password_at timestamptz NOT NULL,
    signed_in_at timestamptz,
    disabled_at timestamptz,
    CONSTRAINT pk_account PRIMARY KEY (name)
);
CREATE TABLE account_token (
    hash bytea NOT NULL,
    account text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT pk_account_token PRIMARY KEY (hash),
    CONSTRAINT fk_account_token_account_account FOREIGN KEY (account) REFERENCES account (name)
);
CREATE INDEX ix_account_token_account ON account_token (account);
CREATE INDEX ix_account_token_expires_at ON account_token (expires_at);
"""


def create_v1(op: Any) -> None:
    """Create both tables; for a migration."""
    op.execute(_CREATE)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a new account shall be; jurisdictions None means every one."""

    name: str
    display_name: str = ""
    roles: Sequence[str]
    departments: Sequence[str] = ()
    jurisdictions: Sequence[str] | None = field(default=())

    def row(self) -> dict[str, Any]:
        """Return the columns that say so; raises BadInput when they do not go together."""
        if not SHAPE.fullmatch(self.name):
            raise BadInput("a name has up to 64 of a-z, 0-9, dot, hyphen, underscore and @")
        unknown = sorted(set(self.roles) - set(ROLES))
        if unknown or not self.roles:
            raise BadInput(f"roles must be some of {', '.join(ROLES)}, not {unknown or 'none'}")
        if _OF_DEPARTMENTS & set(self.roles) and not self.departments:
            raise BadInput("the roles department and head need the departments they are of")
        if self.jurisdictions is not None and not self.jurisdictions:
            raise BadInput("an account needs a city, or to be good for every one")
        return {
            "name": self.name,
            "display_name": self.display_name or self.name,
            "roles": list(self.roles),
            "departments": list(self.departments),
            "jurisdictions": None if self.jurisdictions is None else list(self.jurisdictions),
        }


def create(session: Session, where: Tables, wish: Wish, hashed: str, now: datetime) -> None:
    """Make an account; raises BadInput, and Conflict when there is one of that name."""
    row = {**wish.row(), "hash": hashed, "created_at": now, "password_at": now}
    if find(session, where, wish.name) is not None:
        raise Conflict(f"there is an account {wish.name} already")
    session.execute(sa.insert(where.accounts), [row])


def change(session: Session, where: Tables, name: str, **columns: Any) -> None:
    """Change an account; whoever is signed in by it is signed out. Raises NotFound."""
    accounts = where.accounts
    made = sa.update(accounts).where(accounts.c.name == name).values(columns)
    if session.execute(made.returning(accounts.c.name)).one_or_none() is None:
        raise NotFound(f"there is no account {name}")
    session.execute(sa.delete(where.tokens).where(where.tokens.c.account == name))


def find(session: Session, where: Tables, name: str) -> sa.Row[Any] | None:
    """Return an account with its hash, None when there is none of that name."""
    return session.execute(
        sa.select(where.accounts).where(where.accounts.c.name == name)
    ).one_or_none()


def every(session: Session, where: Tables) -> Sequence[sa.Row[Any]]:
    """Return all accounts without their hashes, by name."""
    shown = [column for column in where.accounts.c if column.name != "hash"]
    return session.execute(sa.select(*shown).order_by(where.accounts.c.name)).all()


def open_session(
    session: Session,
    where: Tables,
    found: sa.Row[Any],
    *,
    now: datetime,
    lasts: timedelta,
    hashed: str | None = None,
) -> str | None:
    """Return a token's text, which is not kept.

    None when the account has changed since it was found: its password, or whether it is good.
    ``hashed`` is the same password by today's measure, when it was kept by that of another day.
    """
    accounts, tokens = where.accounts, where.tokens
    same = sa.and_(
        accounts.c.name == found.name,
        accounts.c.hash == found.hash,
        accounts.c.disabled_at.is_(None),
    )
    noted = sa.update(accounts).where(same).values(signed_in_at=now, hash=hashed or found.hash)
    if session.execute(noted.returning(accounts.c.name)).one_or_none() is None:
        return None
    session.execute(sa.delete(tokens).where(tokens.c.expires_at <= now))
    secret = secrets.token_urlsafe(32)
    row = {"hash": _hash(TOKEN + secret), "account": found.name, "created_at": now}
    session.execute(sa.insert(tokens), [{**row, "expires_at": now + lasts}])
    return TOKEN + secret


def close_session(session: Session, where: Tables, text: str) -> None:
    """Make a token useless."""
    session.execute(sa.delete(where.tokens).where(where.tokens.c.hash == _hash(text)))


def signed_in(session: Session, where: Tables, text: str, now: datetime) -> Person | None:
    """Return who is signed in by a token; None when it is over, or their account is."""
    found = good_until(session, where, text, now)
    return found[0] if found else None


def good_until(
    session: Session, where: Tables, text: str, now: datetime
) -> tuple[Person, datetime] | None:
    """Return who is signed in by a token and until when, as ``signed_in``."""
    accounts, tokens = where.accounts, where.tokens
    query = sa.select(accounts, tokens.c.expires_at).join(
        tokens, tokens.c.account == accounts.c.name
    )
    good = (tokens.c.hash == _hash(text), tokens.c.expires_at > now)
    row = session.execute(query.where(*good, accounts.c.disabled_at.is_(None))).one_or_none()
    return None if row is None else (person_of(row), row.expires_at)


def person_of(row: sa.Row[Any]) -> Person:
    """Return whom an account stands for."""
    return Person(
        subject=f"account:{row.name}",
        name=row.display_name,
        roles=frozenset(row.roles),
        departments=frozenset(row.departments),
        jurisdictions=None if row.jurisdictions is None else frozenset(row.jurisdictions),
    )


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
