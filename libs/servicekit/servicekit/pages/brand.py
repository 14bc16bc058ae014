"""What a page shows of the city it speaks for: name, logo, colour, languages, contact."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from servicekit.packs import Pack
from servicekit.pages.colour import readable

# The backgrounds of ombud.css that text in the city's colour has to be readable on.
PAPER_LIGHT = "#f3f1ea"
PAPER_DARK = "#232a33"
COMFORT = 5.0  # more than WCAG's 4.5, because tints of the colour lie under it too


@dataclass(frozen=True, kw_only=True)
class Brand:
    """One city as its pages show it."""

    jurisdiction_id: str
    names: Mapping[str, str]
    languages: tuple[str, ...]
    time_zone: str = "UTC"
    colour: str = "#1f5f8b"
    second_colour: str = "#c9a227"
    logo: Path | None = None
    contact: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, pack: Pack) -> Self:
        """Return a city pack's brand."""
        city, logo = pack.city, pack.folder / "logo.svg"
        contact = {"email": city.contact.email, "phone": city.contact.phone}
        return cls(
            jurisdiction_id=city.jurisdiction_id,
            names=city.name,
            languages=city.languages,
            time_zone=city.time_zone,
            colour=city.colours.primary,
            second_colour=city.colours.accent,
            logo=logo if logo.is_file() else None,
            contact={kind: value for kind, value in contact.items() if value},
        )

    def name(self, language: str) -> str:
        """Return the city's name in ``language``, else in its first one."""
        return self.names.get(language) or next(iter(self.names.values()))

    def style(self) -> str:
        """Return the CSS that colours the pages, in shades that can be read.

        The second colour is for ornament alone and stays as it is.
        """
        light = readable(self.colour, PAPER_LIGHT, COMFORT)
        dark = readable(self.colour, PAPER_DARK, COMFORT)
        return (
            f":root{{--accent:{light};--second:{self.second_colour}}}\n"
            f"@media (prefers-color-scheme:dark){{:root{{--accent:{dark}}}}}\n"
        )


NOBODY = Brand(jurisdiction_id="ombud", names={"en": "Ombud"}, languages=("en", "es", "pt-BR"))
