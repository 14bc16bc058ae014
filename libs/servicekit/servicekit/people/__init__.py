"""Who calls: a person by an account or an access token, or a machine by its key."""

from servicekit.people.introspection import Introspection
from servicekit.people.issuer import Issuer
from servicekit.people.known import Known
from servicekit.people.person import Person, by_key
from servicekit.people.settings import Oidc
from servicekit.people.signing import Signing
from servicekit.people.tokens import Tokens, is_token

__all__ = [
    "Introspection",
    "Issuer",
    "Known",
    "Oidc",
    "Person",
    "Signing",
    "Tokens",
    "by_key",
    "is_token",
]
