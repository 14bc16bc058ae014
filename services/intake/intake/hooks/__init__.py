"""The way out to those who want to be told of changes: handing over, then sending."""

from intake.hooks.handing import FORGET_EVERY_S, HAND_OVER_EVERY_S, Handing
from intake.hooks.line import Limits, Line
from intake.hooks.sending import MEASURE_EVERY_S, SEND_EVERY_S, Figures, Sending

__all__ = [
    "FORGET_EVERY_S",
    "HAND_OVER_EVERY_S",
    "MEASURE_EVERY_S",
    "SEND_EVERY_S",
    "Figures",
    "Handing",
    "Limits",
    "Line",
    "Sending",
]
