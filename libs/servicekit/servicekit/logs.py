"""Logs as JSON lines: one per request or event, its ids as fields, never a person."""

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import orjson

from servicekit import trace


class JsonLines(logging.Formatter):
    """Render a record as one line of JSON with time (UTC), level, logger, message and fields."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self.service = service

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; fields that JSON cannot carry are printed as text."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "service": self.service,
            "logger": record.name,
            "message": record.getMessage(),
        }
        traceparent = trace.current()
        if traceparent:
            line["trace_id"] = traceparent.split("-")[1]
        line.update(getattr(record, "fields", {}))
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


class Log:
    """A logger that takes its fields by name: ``log.info("sent", rows=3)``."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def debug(self, message: str, **fields: object) -> None:
        """Say something that only a developer wants to know."""
        self._logger.debug(message, extra={"fields": fields})

    def info(self, message: str, **fields: object) -> None:
        """Say what was done."""
        self._logger.info(message, extra={"fields": fields})

    def warning(self, message: str, **fields: object) -> None:
        """Say what went wrong and is being dealt with."""
        self._logger.warning(message, extra={"fields": fields})

    def failure(self, message: str, trouble: BaseException, **fields: object) -> None:
        """Say what needs a person, with the exception's trace."""
        self._logger.error(message, exc_info=trouble, extra={"fields": fields})


def get(name: str) -> Log:
    """Return the log of a module."""
    return Log(name)


def configure(service: str, level: str) -> None:
    """Send everything to standard error as JSON lines; libraries speak from WARNING up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(service))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in ("kafka", "connexion", "urllib3", "alembic", "httpx", "uvicorn", "a2wsgi", "PIL"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # It would warn, per request, that an operation takes a form as well as multipart.
    logging.getLogger("connexion.operations.openapi").setLevel(logging.ERROR)
    # Reconnects are the business of the listener and the relay, which say it once.
    logging.getLogger("kafka").setLevel(logging.ERROR)
