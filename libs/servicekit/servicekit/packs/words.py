"""The words that stand fast: days, channels, states, and the mails with what each may say."""

from typing import Final

LISTS: Final = ("singlevaluelist", "multivaluelist")
"""The questions whose answers are chosen from a list."""

CHANNELS: Final = ("web", "app", "phone", "counter", "mail", "desk", "import")
WEEKDAYS: Final = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)

STATES: Final = (
    "received",
    "routed",
    "accepted",
    "in_progress",
    "waiting",
    "resolved",
    "closed",
    "refused",
    "duplicate",
    "withdrawn",
    "reopened",
)

_REQUEST: Final = frozenset(
    {
        "service_request_id",
        "service_name",
        "description",
        "address",
        "requested_datetime",
        "expected_datetime",
        "department",
        "follow_url",
        "city",
        "contact_email",
        "contact_phone",
    }
)

MESSAGES: Final = {
    "request_received": _REQUEST,
    "request_moved": _REQUEST | {"state", "words"},
    "support_received": _REQUEST | {"state"},
    "request_merged": _REQUEST | {"state", "words", "other_request_id"},
    "request_separated": _REQUEST | {"state", "words"},
    "request_split": _REQUEST | {"state", "words", "parts"},
    "other_moved": _REQUEST | {"state", "words", "outcome", "other_request_id"},
    "request_withdrawn": _REQUEST | {"state"},
    "request_resolved": _REQUEST | {"state", "words", "outcome"},
    "evaluation_invitation": _REQUEST | {"words", "outcome", "evaluate_url", "valid_until"},
}
"""Each message's name and the placeholders its subject and body may hold."""

MAY_BE_MISSING: Final = frozenset(
    {
        "support_received",
        "request_withdrawn",
        "request_merged",
        "request_separated",
        "request_split",
        "other_moved",
    }
)
"""Messages that came later; a pack without one says ``request_moved`` instead."""
