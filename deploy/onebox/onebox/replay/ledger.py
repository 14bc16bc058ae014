"""What became of every row, on disk as it happens, so that a second run goes on where one ended."""

import csv
import json
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from onebox.replay.mapping import Choice
from onebox.replay.rows import Row
from onebox.replay.sending import Answer

ANSWERED = tuple(field.name for field in fields(Answer))


class Ledger:
    """A folder: ledger.jsonl as it happens; accepted.csv, refused.csv, mapping.yaml at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.answers: dict[str, Answer] = {}
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def path(self) -> Path:
        """The file that grows."""
        return self.folder / "ledger.jsonl"

    @property
    def run(self) -> str:
        """What marks the reports of this replay, the same until it begins anew."""
        if not self._run.exists():
            self._run.write_text(secrets.token_hex(8), encoding="ascii")
        return self._run.read_text(encoding="ascii")

    @property
    def _run(self) -> Path:
        return self.folder / "run"

    def load(self) -> None:
        """Remember what was accepted by earlier runs; half a line after a kill is left out."""
        if not self.path.exists():
            return
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                said = json.loads(line)
                answer = Answer(**{name: said[name] for name in ANSWERED if name in said})
            except (ValueError, TypeError):
                continue
            self.answers[answer.request_id] = answer

    def forget(self) -> None:
        """Begin anew."""
        self.answers.clear()
        self.path.unlink(missing_ok=True)
        self._run.unlink(missing_ok=True)

    def done(self, row: Row) -> bool:
        """Say whether this row was accepted before."""
        known = self.answers.get(row.request_id)
        return known is not None and known.kind == "accepted"

    def write(self, answer: Answer) -> None:
        """Note an answer, at once."""
        self.answers[answer.request_id] = answer
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(answer), ensure_ascii=False) + "\n")

    def close(self, rows: Iterable[Row], mapping: Mapping[str, Choice]) -> None:
        """Write the files for people."""
        self._table(
            "accepted.csv",
            "accepted",
            (
                "request_id",
                "service_code",
                "service_request_id",
                "token",
                "tries",
            ),
        )
        self._table(
            "refused.csv", "refused", ("request_id", "service_code", "status", "reason", "tries")
        )
        self._table(
            "failed.csv", "failed", ("request_id", "service_code", "status", "reason", "tries")
        )
        write_mapping(self.folder / "mapping.yaml", rows, mapping)

    def _table(self, name: str, kind: str, columns: tuple[str, ...]) -> None:
        with (self.folder / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, extrasaction="ignore")
            writer.writeheader()
            for answer in self.answers.values():
                if answer.kind == kind:
                    writer.writerow(asdict(answer))


def read_mapping(path: Path) -> dict[str, str]:
    """Read a mapping: a YAML file of "category: service_code" lines."""
    said: Any = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    if not isinstance(said, dict):
        raise TypeError(f"{path} is no mapping of categories to service codes")
    return {str(name): str(code) for name, code in said.items()}


def write_mapping(path: Path, rows: Iterable[Row], mapping: Mapping[str, Choice]) -> None:
    """Write the mapping that was used, in the form that can be edited and given back."""
    counts = Counter(row.category for row in rows)
    lines = CommentedMap()
    for category, count in counts.most_common():
        choice = mapping[category]
        lines[category] = choice.service_code
        sure = f", {choice.score:.1f}" if choice.why != "file" else ""
        lines.yaml_add_eol_comment(f"{count} rows, by {choice.why}{sure}", category)
    yaml = YAML()
    yaml.width = 4096
    with path.open("w", encoding="utf-8") as file:
        file.write(
            "# Which service each category of the file went to. Edit it and give it as MAP=.\n"
        )
        yaml.dump(lines, file)
