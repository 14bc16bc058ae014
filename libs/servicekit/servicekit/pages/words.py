"""The pages' words: catalogues in PO files, compiled in memory when a process starts.

The text in the code is English and stands for itself; every other language has a catalogue.
"""

import gettext
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ENGLISH = "en"
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]


@dataclass(frozen=True)
class Catalogues:
    """Every catalogue of a site by language; a language without one speaks English."""

    by_language: Mapping[str, gettext.NullTranslations]

    @classmethod
    def read(cls, folders: Iterable[Path]) -> "Catalogues":
        """Read ``<folder>/<language>/LC_MESSAGES/*.po``; an earlier folder's words win."""
        found: dict[str, gettext.NullTranslations] = {}
        for folder in folders:
            for file in sorted(folder.glob("*/LC_MESSAGES/*.po")):
                language = file.parent.parent.name.replace("_", "-")
                words = compiled(file)
                if language in found:
                    found[language].add_fallback(words)
                else:
                    found[language] = words
        return cls(found)

    def of(self, language: str) -> gettext.NullTranslations:
        """Return the words of ``language``, English when there are none."""
        return self.by_language.get(language) or gettext.NullTranslations()

    @property
    def languages(self) -> frozenset[str]:
        """Return the languages that pages can be read in."""
        return frozenset(self.by_language) | {ENGLISH}


def compiled(file: Path) -> gettext.GNUTranslations:
    """Compile one PO file; what is marked fuzzy is left out and so reads in English."""
    target = io.BytesIO()
    write_mo(target, _read(file))
    target.seek(0)
    return gettext.GNUTranslations(target)


def untranslated(folder: Path) -> set[tuple[str, str]]:
    """Return language and text of all that the code of ``folder`` says and its catalogues lack.

    ``folder`` is laid out as ``pages.site`` wants it; every package's test asks this.
    """
    said = {message for _, _, message, _, _ in extract_from_dir(folder, METHODS)}
    texts = {text if isinstance(text, str) else text[0] for text in said}
    lacking = set()
    for file in sorted(folder.glob("locales/*/LC_MESSAGES/*.po")):
        catalogue = _read(file)
        language = file.parent.parent.name.replace("_", "-")
        lacking |= {(language, text) for text in texts if not _has(catalogue, text)}
    return lacking


def _has(catalogue: Catalog, text: str) -> bool:
    message = catalogue.get(text)
    if message is None or message.fuzzy:
        return False
    said = message.string or ""
    return bool(said) and all([said] if isinstance(said, str) else said)


def _read(file: Path) -> Catalog:
    with file.open("rb") as source:
        return read_po(source)
