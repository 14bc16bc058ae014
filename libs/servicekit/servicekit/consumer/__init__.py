"""Facts arrive: at least once from the log, with effect once in the database.

``handle`` stores the event's id in the same transaction as its effect; a second delivery finds the
id and does nothing. A refusal (ServiceError, or a defect of ours) is parked with its reason and the
original bytes, in the table and on ``<group>.parked``, unless the service can tell the sender; an
outage is raised and met again. The offset is committed only after that.
"""

from servicekit.consumer.handling import Answer, Handler, NotYet, Outcome, handle
from servicekit.consumer.listening import JoinWatch, Listener
from servicekit.consumer.parking import park, parked_record
from servicekit.consumer.record import Record

__all__ = [
    "Answer",
    "Handler",
    "JoinWatch",
    "Listener",
    "NotYet",
    "Outcome",
    "Record",
    "handle",
    "park",
    "parked_record",
]
