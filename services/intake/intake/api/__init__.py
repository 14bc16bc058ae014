"""The HTTP door: one method per operationId; reads, opens the transaction, shapes the answer."""

from intake.api.applications import Applications
from intake.api.bulk import Bulk
from intake.api.changes import Changes
from intake.api.contacts import Contacts
from intake.api.desk import Desk
from intake.api.discovery import Discovery
from intake.api.duplicates import Duplicates
from intake.api.looks import Looks
from intake.api.reports import Reports
from intake.api.requests import Requests
from intake.api.supporters import Supporters
from intake.api.updates import Updates
from intake.api.webhooks import Webhooks

DOORS = (
    Bulk,
    Discovery,
    Reports,
    Requests,
    Updates,
    Supporters,
    Duplicates,
    Changes,
    Webhooks,
    Contacts,
    Looks,
    Desk,
    Applications,
)

__all__ = [
    "DOORS",
    "Applications",
    "Bulk",
    "Changes",
    "Contacts",
    "Desk",
    "Discovery",
    "Duplicates",
    "Looks",
    "Reports",
    "Requests",
    "Supporters",
    "Updates",
    "Webhooks",
]
