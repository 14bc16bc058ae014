"""What one box remembers between two starts: secrets and ports, in files of its data folder."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Keep:
    """A small JSON file that only its owner may read; what was put there once stays."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, Any]:
        """Return everything kept; an absent file is an empty one."""
        try:
            kept: dict[str, Any] = json.loads(self.path.read_text())
        except FileNotFoundError:
            return {}
        return kept

    def write(self, kept: Mapping[str, Any]) -> None:
        """Replace the file in one step, so that a kill never leaves half of it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(kept, file, indent=2, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)

    def put(self, name: str, value: Any) -> None:
        """Keep ``value`` under ``name``."""
        with self._alone():
            self.write({**self.read(), name: value})

    def secret(self, name: str) -> str:
        """Return the secret of this name; the first call makes it (256 bits, hexadecimal)."""
        with self._alone():
            kept = self.read()
            if name not in kept:
                kept[name] = secrets.token_hex(32)
                self.write(kept)
        return str(kept[name])

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the file against other threads and processes while it is read and written."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_name(f".{self.path.name}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
