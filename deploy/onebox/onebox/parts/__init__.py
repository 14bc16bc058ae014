"""Real servers out of wheels: PostgreSQL, SeaweedFS (S3), Tansu (Kafka protocol), a mail sink.

A part lives in a folder of the data folder and keeps its data and its ports there. ``start``
returns the environment that services need to reach it; ``kill`` is SIGKILL, for tests. Parts of
two data folders do not meet: each has its own ports, all bound to 127.0.0.1.
"""

from onebox.parts.mail import Mail
from onebox.parts.part import Part, PartError
from onebox.parts.ports import HOST, free_ports, is_free
from onebox.parts.postgres import SERVICES, Postgres
from onebox.parts.seaweed import Seaweed, s3_client
from onebox.parts.tansu import Tansu

__all__ = [
    "HOST",
    "SERVICES",
    "Mail",
    "Part",
    "PartError",
    "Postgres",
    "Seaweed",
    "Tansu",
    "free_ports",
    "is_free",
    "s3_client",
]
