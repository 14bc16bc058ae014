"""People who can be given a case: local accounts, and those of the issuer who came by lately."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from servicekit.people import Person, accounts
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from routing.store.tables import LOCAL, PEOPLE

LATELY = timedelta(days=90)
"""So long somebody is remembered who does not come any more."""


def note_person(session: Session, person: Person, now: datetime) -> None:
    """Remember that somebody was here, and forget who was not for long."""
    row = {
        "subject": person.subject,
        "name": person.name,
        "roles": sorted(person.roles),
        "departments": sorted(person.departments),
        "jurisdictions": None if person.jurisdictions is None else sorted(person.jurisdictions),
        "seen": now,
    }
    made = insert(PEOPLE).values(row)
    fresh = {name: made.excluded[name] for name in row if name != "subject"}
    session.execute(made.on_conflict_do_update(index_elements=["subject"], set_=fresh))
    session.execute(sa.delete(PEOPLE).where(PEOPLE.c.seen < now - LATELY))


def people(session: Session, now: datetime) -> list[Person]:
    """Return everybody who is known, by name."""
    good = (row for row in accounts.every(session, LOCAL) if row.disabled_at is None)
    found = [accounts.person_of(row) for row in good]
    lately = sa.select(PEOPLE).where(PEOPLE.c.seen >= now - LATELY)
    found += [
        Person(
            subject=row.subject,
            name=row.name,
            roles=frozenset(row.roles),
            departments=frozenset(row.departments),
            jurisdictions=None if row.jurisdictions is None else frozenset(row.jurisdictions),
        )
        for row in session.execute(lately)
    ]
    return sorted(found, key=lambda one: (one.name.casefold(), one.subject))
