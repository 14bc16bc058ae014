"""API keys: shown once, kept as a hash, tied to jurisdictions and roles.

A key is ``<id>.<secret>``; the secret has 256 bits, so a plain SHA-256 of it cannot be searched
and no slow hash is needed on every request.
"""

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from servicekit.db import TIME
from servicekit.errors import BadInput, Forbidden, NotFound
from servicekit.limits import Limit

ROLES = ("report", "import", "department", "operator", "ombudsman", "administrator")
USE_NOTED_EVERY_S = 60
NOT_VALID = "api_key is missing or not valid"
_ADDED_IN_V2 = ("contact_email", "per_minute", "burst", "expires_at")
_MOST_A_MINUTE = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Key:
    """Who calls: an application or a desk. No jurisdictions means every one.

    ``limit`` is the key's own; None means what the service gives to all.
    """

    id: str
    name: str
    jurisdictions: frozenset[str]
    roles: frozenset[str]
    department: str | None
    limit: Limit | None = None

    def may_in(self, jurisdiction_id: str) -> bool:
        """Whether the key is good for that jurisdiction."""
        return not self.jurisdictions or jurisdiction_id in self.jurisdictions

    def has(self, *roles: str) -> bool:
        """Whether the key has one of the roles."""
        return bool(self.roles & set(roles))


def table(metadata: sa.MetaData) -> sa.Table:
    """Return the table ``api_key`` of a service."""
    return sa.Table(
        "api_key",
        metadata,
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("jurisdictions", ARRAY(sa.Text), nullable=False),
        sa.Column("roles", ARRAY(sa.Text), nullable=False),
        sa.Column("department", sa.Text),
        sa.Column("created_at", TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("revoked_at", TIME),
        sa.Column("last_used_at", TIME),
        sa.Column("contact_email", sa.Text),
        sa.Column("per_minute", sa.Integer),
        sa.Column("burst", sa.Integer),
        sa.Column("expires_at", TIME),
    )


def create_v1(op: Any) -> None:
    """Create the table ``api_key`` as it was at first; for a migration."""
    whole = table(sa.MetaData())
    first = [column for column in whole.c if column.name not in _ADDED_IN_V2]
    op.create_table(
        "api_key",
        *(
            sa.Column(one.name, one.type, nullable=one.nullable, server_default=one.server_default)
            for one in first
        ),
        sa.PrimaryKeyConstraint("id", name="pk_api_key"),
    )


def upgrade_v2(op: Any) -> None:
    """Add whom to write to, the limit and the end of a key; for a migration."""
    whole = table(sa.MetaData())
    for name in _ADDED_IN_V2:
        op.add_column("api_key", sa.Column(name, whole.c[name].type))


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a new key shall be. No jurisdictions means every one; no limit, that of all keys."""

    name: str
    roles: Sequence[str]
    jurisdictions: Sequence[str] = ()
    department: str | None = None
    contact_email: str | None = None
    per_minute: int | None = None
    burst: int | None = None
    expires_at: datetime | None = None

    def row(self) -> dict[str, Any]:
        """Return the columns that say so; raises BadInput when they do not go together."""
        unknown = sorted(set(self.roles) - set(ROLES))
        if unknown or not self.roles:
            raise BadInput(
                f"roles must be some of {', '.join(ROLES)}, not {', '.join(unknown) or 'none'}"
            )
        if "department" in self.roles and not self.department:
            raise BadInput("role department needs the department it speaks for")
        for name in ("per_minute", "burst"):
            if not 0 <= (getattr(self, name) or 0) <= _MOST_A_MINUTE:
                raise BadInput(f"{name} must lie between 0 and {_MOST_A_MINUTE}")
        if self.burst is not None and self.per_minute is None:
            raise BadInput("burst needs per_minute")
        row = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**row, "jurisdictions": list(self.jurisdictions), "roles": list(self.roles)}


def create(session: Session, keys: sa.Table, **wish: Any) -> str:
    """Make a key as ``Wish`` says and return its text, which is not kept.

    Raises BadInput when a role is unknown, or when role department comes without a department.
    """
    identity, secret = uuid.uuid4().hex[:12], secrets.token_urlsafe(32)
    row = {**Wish(**wish).row(), "id": identity, "hash": _hash(secret)}
    session.execute(sa.insert(keys), [row])
    return f"{identity}.{secret}"


def change(session: Session, keys: sa.Table, identity: str, wish: Mapping[str, Any]) -> None:
    """Change a good key; raises NotFound, and BadInput when the columns do not go together."""
    before = one(session, keys, identity, lock=True)
    if before is None or before.revoked_at is not None:
        raise NotFound(f"there is no good key {identity}")
    known = {name: getattr(before, name) for name in Wish.__dataclass_fields__}
    row = Wish(**{**known, **wish}).row()
    session.execute(sa.update(keys).where(keys.c.id == identity).values(row))


def find(session: Session, keys: sa.Table, text: str | None) -> Key | None:
    """Return the key that a client sent, None when it is missing, wrong, over or revoked.

    That it was used is written down, but not more than once a minute.
    """
    identity, _, secret = (text or "").partition(".")
    if not secret or "\x00" in identity:
        return None
    used = keys.c.last_used_at > sa.func.now() - sa.literal_column(
        f"interval '{USE_NOTED_EVERY_S} s'"
    )
    good = keys.c.revoked_at.is_(None) & (
        sa.func.coalesce(keys.c.expires_at, sa.literal_column("'infinity'")) > sa.func.now()
    )
    query = sa.select(keys, sa.func.coalesce(used, sa.false()).label("noted"))
    row = session.execute(query.where(keys.c.id == identity, good)).one_or_none()
    if row is None or not hmac.compare_digest(bytes(row.hash), _hash(secret)):
        return None
    if not row.noted:
        _note_use(session, keys, identity)
    limit = None if row.per_minute is None else Limit(row.per_minute, row.burst or row.per_minute)
    return Key(
        id=row.id,
        name=row.name,
        jurisdictions=frozenset(row.jurisdictions),
        roles=frozenset(row.roles),
        department=row.department,
        limit=limit,
    )


def _note_use(session: Session, keys: sa.Table, identity: str) -> None:
    """Write down that a key is in use; whoever finds somebody else at it leaves it to them."""
    mine = sa.select(keys.c.id).where(keys.c.id == identity).with_for_update(skip_locked=True)
    change = sa.update(keys).where(keys.c.id.in_(mine)).values(last_used_at=sa.func.now())
    session.execute(change)


def require(session: Session, keys: sa.Table, text: str | None, *roles: str) -> Key:
    """Return the key; raises Forbidden when it is missing, wrong, or has none of the roles."""
    key = find(session, keys, text)
    if key is None:
        raise Forbidden(NOT_VALID)
    if roles and not key.has(*roles):
        raise Forbidden(f"this needs a key with role {' or '.join(roles)}")
    return key


def revoke(session: Session, keys: sa.Table, identity: str, at: datetime) -> bool:
    """Make a key useless from now on; False when there is no such key."""
    change = sa.update(keys).where(keys.c.id == identity, keys.c.revoked_at.is_(None))
    return session.execute(change.values(revoked_at=at)).rowcount == 1  # type: ignore[attr-defined, no-any-return]


def every(session: Session, keys: sa.Table) -> Sequence[sa.Row[Any]]:
    """Return all keys without their hashes, oldest first."""
    return session.execute(_shown(keys).order_by(keys.c.created_at, keys.c.id)).all()


def one(
    session: Session, keys: sa.Table, identity: str, *, lock: bool = False
) -> sa.Row[Any] | None:
    """Return a key without its hash, revoked or not; None when there is none."""
    query = _shown(keys).where(keys.c.id == identity)
    return session.execute(query.with_for_update() if lock else query).one_or_none()


def shown(row: sa.Row[Any]) -> dict[str, Any]:
    """Return a key's columns by plain names."""
    return {str(name): value for name, value in row._mapping.items()}  # noqa: SLF001 - its API


def _shown(keys: sa.Table) -> sa.Select[Any]:
    return sa.select(*(column for column in keys.c if column.name != "hash"))


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
