"""A city as data: its services, departments, rules, calendar, words and map.

A pack is a folder of YAML and GeoJSON (docs/city-packs.md). It is checked as a whole when it is
read, so that a service which started holds packs without a loose end.
"""

from servicekit.packs.places import Place, Places
from servicekit.packs.reach import reach
from servicekit.packs.reading import Fault, PackBroken
from servicekit.packs.replies import Reply, misused
from servicekit.packs.shapes import (
    Amount,
    Attribute,
    Calendar,
    Choice,
    City,
    Colours,
    Contact,
    Department,
    Discovery,
    EscalationStep,
    Evaluation,
    Filled,
    Group,
    Holiday,
    Map,
    MediaRules,
    Message,
    Offered,
    OpenData,
    Outcome,
    Priority,
    Rule,
    Rules,
    Sender,
    Service,
    Targets,
    Texts,
    Value,
    text,
)
from servicekit.packs.whole import Pack, read_pack, read_packs
from servicekit.packs.words import MESSAGES, STATES

__all__ = [
    "MESSAGES",
    "STATES",
    "Amount",
    "Attribute",
    "Calendar",
    "Choice",
    "City",
    "Colours",
    "Contact",
    "Department",
    "Discovery",
    "EscalationStep",
    "Evaluation",
    "Fault",
    "Filled",
    "Group",
    "Holiday",
    "Map",
    "MediaRules",
    "Message",
    "Offered",
    "OpenData",
    "Outcome",
    "Pack",
    "PackBroken",
    "Place",
    "Places",
    "Priority",
    "Reply",
    "Rule",
    "Rules",
    "Sender",
    "Service",
    "Targets",
    "Texts",
    "Value",
    "misused",
    "reach",
    "read_pack",
    "read_packs",
    "text",
]
