"""Who calls: a person by an account or an access token, or a machine by its key."""

from servicekit.people.person import Person, by_key

__all__ = ["Person", "by_key"]
