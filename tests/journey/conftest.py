"""One running platform for all journeys."""

from collections.abc import Iterator

import pytest
from parts import Parts
from parts.mail import MailSink
from parts.platform import Platform


@pytest.fixture(scope="session")
def platform(
    parts: Parts, mail_server: MailSink, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    """Return Ombud as `make run` starts it, on the parts of this run."""
    running = Platform(parts, mail_server, tmp_path_factory.mktemp("platform"))
    try:
        running.start()
        yield running
    finally:
        running.stop()
