"""The HTTP door: one method per operationId; reads, opens the transaction, shapes the answer."""

from intake.api.desk import Desk
from intake.api.discovery import Discovery
from intake.api.reports import Reports
from intake.api.requests import Requests

DOORS = (Discovery, Reports, Requests, Desk)

__all__ = ["DOORS", "Desk", "Discovery", "Reports", "Requests"]
