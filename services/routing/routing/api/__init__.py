"""The HTTP door: one method per operationId, one class per task.

``domain.rights`` decides who may call. A new task is a module here with a class that is a ``Door``,
and its name in ``DESK``.
"""

from routing.api.assignees import Assignees
from routing.api.bulk import BulkMoves
from routing.api.cases import Cases
from routing.api.departments import Departments
from routing.api.door import Door
from routing.api.explanations import Explanations
from routing.api.kin import Splits
from routing.api.letters import Letters
from routing.api.links import Links
from routing.api.moves import Moves
from routing.api.notes import Notes
from routing.api.own_replies import OwnReplies
from routing.api.queues import Queues
from routing.api.replies import Replies
from routing.entrance import Entrance

DESK: tuple[type[Door], ...] = (
    Cases,
    Moves,
    Splits,
    BulkMoves,
    Notes,
    Replies,
    OwnReplies,
    Explanations,
    Departments,
    Queues,
    Links,
    Assignees,
)
"""The doors that are made alike: see ``Door``."""

DOORS = (*DESK, Entrance, Letters)

__all__ = ["DESK", "DOORS", "Door", "Letters"]
