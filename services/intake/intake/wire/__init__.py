"""Shapes on the wire: what forms and queries say, what is answered, what is told by events."""

from intake.wire.bulk import BULK_COLUMNS, Reading, bulk_csv, bulk_geojson, bulk_index
from intake.wire.changes import change_feed, history, read_cursor, write_cursor
from intake.wire.contacts import Contact, contact_receipt, read_contact
from intake.wire.definitions import (
    answered,
    definition_version,
    kept_questions,
    list_version,
    questions_of,
)
from intake.wire.events import (
    message_failed,
    message_settled,
    moment,
    move_of,
    request_hidden,
    request_published,
    request_submitted,
    request_withdrawn,
)
from intake.wire.extending import extended
from intake.wire.fields import Fields
from intake.wire.kin import listed, part_told, parts_of, split_at
from intake.wire.looks import contact_shown, read_caller, requests_found
from intake.wire.messages import follow_secret, follow_url, followed, write_message
from intake.wire.nearby import nearest, read_place, with_distance
from intake.wire.reading import (
    MAX_DESCRIPTION,
    language_of,
    read_report,
    service_of,
)
from intake.wire.rendering import (
    RENDER_VERSION,
    RequestSchema,
    media_urls,
    receipt,
    render,
    shown,
    token_receipt,
)
from intake.wire.repeats import (
    drawn,
    fingerprint,
    first_answer,
    read_client_request_id,
    same_report,
)
from intake.wire.searches import PAGE_SIZES, read_search
from intake.wire.services import Endpoint, definition, discovery, service_list
from intake.wire.supporters import (
    read_supporter,
    support_row,
    support_secret,
    support_url,
    supporter_of,
    to_supporter,
)
from intake.wire.updates import (
    next_updates,
    read_comment,
    read_update_search,
    request_commented,
    update_row,
)
from intake.wire.webhooks import (
    delivery_shown,
    is_public,
    message,
    read_url,
    secret_of,
    secrets_of,
    signed,
    webhook_shown,
)

__all__ = [
    "BULK_COLUMNS",
    "MAX_DESCRIPTION",
    "PAGE_SIZES",
    "RENDER_VERSION",
    "Contact",
    "Endpoint",
    "Fields",
    "Reading",
    "RequestSchema",
    "answered",
    "bulk_csv",
    "bulk_geojson",
    "bulk_index",
    "change_feed",
    "contact_receipt",
    "contact_shown",
    "definition",
    "definition_version",
    "delivery_shown",
    "discovery",
    "drawn",
    "extended",
    "fingerprint",
    "first_answer",
    "follow_secret",
    "follow_url",
    "followed",
    "history",
    "is_public",
    "kept_questions",
    "language_of",
    "list_version",
    "listed",
    "media_urls",
    "message",
    "message_failed",
    "message_settled",
    "moment",
    "move_of",
    "nearest",
    "next_updates",
    "part_told",
    "parts_of",
    "questions_of",
    "read_caller",
    "read_client_request_id",
    "read_comment",
    "read_contact",
    "read_cursor",
    "read_place",
    "read_report",
    "read_search",
    "read_supporter",
    "read_update_search",
    "read_url",
    "receipt",
    "render",
    "request_commented",
    "request_hidden",
    "request_published",
    "request_submitted",
    "request_withdrawn",
    "requests_found",
    "same_report",
    "secret_of",
    "secrets_of",
    "service_list",
    "service_of",
    "shown",
    "signed",
    "split_at",
    "support_row",
    "support_secret",
    "support_url",
    "supporter_of",
    "to_supporter",
    "token_receipt",
    "update_row",
    "webhook_shown",
    "with_distance",
    "write_cursor",
    "write_message",
]
