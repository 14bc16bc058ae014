"""Words that people give with a move: something to read, and not too much of it."""

TEXT_MAX = 20_000
"""So many characters (code points) at most; contracts/events/common.v1.json says the same."""

_SPOKEN = ("words", "reason")


def said(text: str | None) -> str | None:
    """Return a text without its blank ends, None when nothing of it can be seen."""
    if text is None or not any(one.isprintable() and not one.isspace() for one in text):
        return None
    return text.replace("\r\n", "\n").strip()


def faults(order: object) -> list[str]:
    """Say what is wrong with the words of an order: too long, or of what no text can hold."""
    texts = {name: getattr(order, name) for name in _SPOKEN}
    return [
        f"{name} {fault}" for name, text in texts.items() if text and (fault := _fault_of(text))
    ]


def _fault_of(text: str) -> str | None:
    if len(text) > TEXT_MAX:
        return f"must be at most {TEXT_MAX} characters, not {len(text)}"
    if any(one == "\x00" or "\ud800" <= one <= "\udfff" for one in text):
        return "must not hold characters that are none (NUL, half of a pair)"
    return None
