"""API keys: shown once, kept as a hash, tied to jurisdictions and roles.

A key is ``<id>.<secret>``; the secret has 256 bits, so a plain SHA-256 of it cannot be searched
and no slow hash is needed on every request.
"""

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from servicekit.db import TIME
from servicekit.errors import BadInput, Forbidden

ROLES = ("report", "import", "department", "operator", "ombudsman", "administrator")


@dataclass(frozen=True, kw_only=True)
class Key:
    """Who calls: an application or a desk. No jurisdictions means every one."""

    id: str
    name: str
    jurisdictions: frozenset[str]
    roles: frozenset[str]
    department: str | None

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
    )


def create_v1(op: Any) -> None:
    """Create the table ``api_key``; for a migration."""
    made = sa.MetaData(naming_convention={"pk": "pk_%(table_name)s"})
    table(made).create(op.get_bind())


def create(
    session: Session,
    keys: sa.Table,
    *,
    name: str,
    jurisdictions: Sequence[str],
    roles: Sequence[str],
    department: str | None = None,
) -> str:
    """Make a key and return its text, which is not kept.

    Raises BadInput when a role is unknown, or when role department comes without a department.
    """
    unknown = sorted(set(roles) - set(ROLES))
    if unknown or not roles:
        raise BadInput(
            f"roles must be some of {', '.join(ROLES)}, not {', '.join(unknown) or 'none'}"
        )
    if "department" in roles and not department:
        raise BadInput("role department needs the department it speaks for")
    identity, secret = uuid.uuid4().hex[:12], secrets.token_urlsafe(32)
    row = {
        "id": identity,
        "hash": _hash(secret),
        "name": name,
        "jurisdictions": list(jurisdictions),
        "roles": list(roles),
        "department": department,
    }
    session.execute(sa.insert(keys), [row])
    return f"{identity}.{secret}"


def find(session: Session, keys: sa.Table, text: str | None) -> Key | None:
    """Return the key that a client sent, None when it is missing, wrong or revoked."""
    identity, _, secret = (text or "").partition(".")
    if not secret or "\x00" in identity:
        return None
    row = session.execute(sa.select(keys).where(keys.c.id == identity)).one_or_none()
    if row is None or row.revoked_at is not None:
        return None
    if not hmac.compare_digest(bytes(row.hash), _hash(secret)):
        return None
    return Key(
        id=row.id,
        name=row.name,
        jurisdictions=frozenset(row.jurisdictions),
        roles=frozenset(row.roles),
        department=row.department,
    )


def require(session: Session, keys: sa.Table, text: str | None, *roles: str) -> Key:
    """Return the key; raises Forbidden when it is missing, wrong, or has none of the roles."""
    key = find(session, keys, text)
    if key is None:
        raise Forbidden("api_key is missing or not valid")
    if roles and not key.has(*roles):
        raise Forbidden(f"this needs a key with role {' or '.join(roles)}")
    return key


def revoke(session: Session, keys: sa.Table, identity: str, at: datetime) -> bool:
    """Make a key useless from now on; False when there is no such key."""
    change = sa.update(keys).where(keys.c.id == identity, keys.c.revoked_at.is_(None))
    return session.execute(change.values(revoked_at=at)).rowcount == 1  # type: ignore[attr-defined, no-any-return]


def every(session: Session, keys: sa.Table) -> Sequence[sa.Row[Any]]:
    """Return all keys without their hashes, oldest first."""
    columns = [column for column in keys.c if column.name != "hash"]
    return session.execute(sa.select(*columns).order_by(keys.c.created_at)).all()


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
