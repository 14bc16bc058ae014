"""A mail server that delivers to nobody: each mail becomes an .eml file in a folder."""

import argparse
import signal
import threading
import time
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Folder:
    """aiosmtpd's handler that writes each mail to a file named by its time of arrival."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0

    async def handle_DATA(  # noqa: N802 - the name is aiosmtpd's
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep the mail; the sender hears 250 only when the file is there under its name."""
        self.count += 1
        name = f"{time.time_ns() // 1000}-{self.count:06d}.eml"
        head = f"X-Envelope-To: {', '.join(envelope.rcpt_tos)}\r\n".encode()
        content: Any = envelope.original_content or b""
        half = self.folder / f".{name}"
        half.write_bytes(head + content)
        half.replace(self.folder / name)
        return "250 OK"


def main() -> None:
    """Listen until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m onebox.mailsink", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    controller = Controller(Folder(options.folder), hostname="127.0.0.1", port=options.port)
    controller.start()
    stop.wait()
    controller.stop()


if __name__ == "__main__":
    main()
