"""A mail server that keeps what it is given, for tests to read."""

from __future__ import annotations

import email
import email.policy
import time
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from parts.process import free_port


@dataclass
class MailSink:
    """The mails that came in, in order, and the address to send them to."""

    port: int = field(default_factory=free_port)
    mails: list[EmailMessage] = field(default_factory=list)
    controller: Any = None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep one mail; its envelope's receivers stand in X-Envelope-To."""
        del server, session
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        mail["X-Envelope-To"] = ", ".join(envelope.rcpt_tos)
        self.mails.append(mail)
        return "250 kept"

    def start(self) -> None:
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()

    def stop(self) -> None:
        if self.controller is not None:
            self.controller.stop()

    def to(self, address: str) -> list[EmailMessage]:
        """Return the mails to one address."""
        return [mail for mail in self.mails if address in str(mail["X-Envelope-To"])]

    def wait_for(self, address: str, count: int = 1, within_s: float = 60) -> list[EmailMessage]:
        """Return the mails to an address once there are ``count`` of them."""
        deadline = time.monotonic() + within_s
        while len(self.to(address)) < count:
            if time.monotonic() > deadline:
                got = [(str(mail["To"]), str(mail["Subject"])) for mail in self.mails]
                raise TimeoutError(f"no {count} mails to {address}; all mails: {got}")
            time.sleep(0.1)
        return self.to(address)


def text_of(mail: EmailMessage) -> str:
    """Return the words of a mail, its plain part when it has several."""
    body = mail.get_body(preferencelist=("plain", "html"))
    return str(body.get_content()) if body is not None else ""
