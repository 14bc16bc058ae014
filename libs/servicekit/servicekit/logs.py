"""Logs as JSON lines: one per request or event, its ids as fields, never a person."""

import contextlib
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from servicekit import trace


def line(
    service: str, logger: str, level: str, at: datetime, message: str, fields: Mapping[str, object]
) -> dict[str, Any]:
    """Return what a line says: time (UTC), level, logger, message, trace and the fields."""
    said: dict[str, Any] = {
        "time": at,
        "level": level,
        "service": service,
        "logger": logger,
        "message": message,
    }
    traceparent = trace.current()
    if traceparent:
        said["trace_id"] = traceparent.split("-")[1]
    said.update(fields)
    return said


class JsonLines(logging.Formatter):
    """Render a record as one line of JSON with time (UTC), level, logger, message and fields."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self.service = service

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; fields that JSON cannot carry are printed as text."""
        said = line(
            self.service,
            record.name,
            record.levelname.lower(),
            datetime.fromtimestamp(record.created, UTC),
            record.getMessage(),
            getattr(record, "fields", {}),
        )
        if record.exc_info:
            said["error"] = self.formatException(record.exc_info)
        return orjson.dumps(said, default=str).decode()


class _Straight:
    """The way of a line past the standard library's records, which cost ten times as much."""

    def __init__(self) -> None:
        self.service: str | None = None

    def write(self, logger: str, message: str, fields: Mapping[str, object]) -> None:
        said = line(self.service or "", logger, "info", datetime.now(UTC), message, fields)
        with contextlib.suppress(OSError, ValueError):  # nobody reads; the work goes on
            sys.stderr.buffer.write(
                orjson.dumps(said, default=str, option=orjson.OPT_APPEND_NEWLINE)
            )
            sys.stderr.buffer.flush()


_straight = _Straight()


class Log:
    """A logger that takes its fields by name: ``log.info("sent", rows=3)``."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def debug(self, message: str, **fields: object) -> None:
        """Say something that only a developer wants to know."""
        self._logger.debug(message, extra={"fields": fields})

    def says_info(self) -> bool:
        """Tell whether ``info`` is heard, for who would only then gather what to say."""
        return self._logger.isEnabledFor(logging.INFO)

    def info(self, message: str, **fields: object) -> None:
        """Say what was done."""
        if not self._logger.isEnabledFor(logging.INFO):
            return
        if _straight.service is None:
            self._logger.info(message, extra={"fields": fields})
        else:
            _straight.write(self._logger.name, message, fields)

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
    _straight.service = service
    for name in ("kafka", "connexion", "urllib3", "alembic", "httpx", "uvicorn", "a2wsgi", "PIL"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # It would warn, per request, that an operation takes a form as well as multipart.
    logging.getLogger("connexion.operations.openapi").setLevel(logging.ERROR)
    # Reconnects are the business of the listener and the relay, which say it once.
    logging.getLogger("kafka").setLevel(logging.ERROR)
