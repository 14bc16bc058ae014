"""Where a running Ombud is and which keys one may use there, for the tools that talk to it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[3]
PORT = "8311"


class NoBox(Exception):
    """There is nothing to talk to; the text says what is missing."""


@dataclass(frozen=True)
class Box:
    """The public address and the keys by their names."""

    url: str
    keys: Mapping[str, str] = field(repr=False)

    @classmethod
    def from_env(
        cls, env: Mapping[str, str], *, url: str | None = None, keys: Mapping[str, str]
    ) -> "Box":
        """Find it: PUBLIC_URL or PORT; keys from OMBUD_<NAME>_KEY, else one box's keys.json."""
        found = url or env.get("PUBLIC_URL") or f"http://127.0.0.1:{env.get('PORT') or PORT}"
        path = Path(env.get("OMBUD_DATA") or HOUSE / ".ombud") / "keys.json"
        kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        named = {
            name.removeprefix("OMBUD_").removesuffix("_KEY").lower().replace("_", "-"): value
            for name, value in env.items()
            if name.startswith("OMBUD_") and name.endswith("_KEY")
        }
        return cls(found.rstrip("/"), {**kept, **named, **keys})

    @staticmethod
    def cities(env: Mapping[str, str]) -> Path:
        """Return the folder of the city packs."""
        return Path(env.get("CITIES_DIR") or HOUSE / "deploy" / "cities")

    def key(self, name: str) -> str:
        """Return a key; raises NoBox when there is none of this name."""
        if name not in self.keys:
            wanted = f"OMBUD_{name.upper().replace('-', '_')}_KEY"
            raise NoBox(
                f"there is no key {name}: start one box with `make run`, "
                f"or set {wanted} and PUBLIC_URL"
            )
        return self.keys[name]
