"""Made-up cities with every kind of service, so that tests do not move with the shipped packs."""

import shutil
from pathlib import Path

HERE = Path(__file__).parent
SHIPPED = HERE.parents[1] / "deploy" / "cities" / "santander.es"
FIRST, SECOND = "beispiel.example", "other.example"
OWN = ("services.yaml", "rules.yaml", "departments.yaml")


def build(folder: Path, *jurisdictions: str) -> Path:
    """Write the cities, Beispiel and its neighbour unless others are named; returns the folder."""
    for jurisdiction in jurisdictions or (FIRST, SECOND):
        city = folder / jurisdiction
        shutil.copytree(SHIPPED, city)
        for name in OWN:
            shutil.copy(HERE / FIRST / name, city / name)
        (city / "replies.yaml").unlink()  # they name groups of Santander's services
        settings = (city / "city.yaml").read_text()
        settings = settings.replace(
            "jurisdiction_id: santander.es", f"jurisdiction_id: {jurisdiction}"
        )
        prefix = "BSP" if jurisdiction == FIRST else "OTH"
        settings = settings.replace("request_id_prefix: SDR", f"request_id_prefix: {prefix}")
        (city / "city.yaml").write_text(settings)
    return folder
