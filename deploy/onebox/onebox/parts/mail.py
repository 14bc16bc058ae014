"""The mail sink of onebox.mailsink as a part."""

import socket
import sys
from pathlib import Path

from onebox.parts.part import Part
from onebox.parts.ports import HOST


class Mail(Part):
    """A mail server whose mails become files in ``mails/``."""

    name = "mail"

    @property
    def mails(self) -> Path:
        """The folder of the mails, one .eml file each."""
        return self.root / "mails"

    def env(self) -> dict[str, str]:
        """Where to send mail."""
        return {"SMTP_URL": f"smtp://{HOST}:{self.ports['port']}"}

    def _command(self) -> list[str]:
        options = [f"--port={self.ports['port']}", f"--folder={self.mails}"]
        return [sys.executable, "-m", "onebox.mailsink", *options]

    def _check(self) -> None:
        with socket.create_connection((HOST, self.ports["port"]), 1) as connection:
            if not connection.recv(3).startswith(b"220"):
                raise ConnectionError("it does not speak SMTP")
