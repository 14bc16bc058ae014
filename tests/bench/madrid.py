"""``routing simulate`` on Madrid's reports: a pack made for them, and one target halved.

    python tests/bench/madrid.py DATA --target "SERVICE.solution=x0.5" [further options]

DATA holds replay/madrid_window.csv.gz, catalogues/madrid_services.json and
boundaries/madrid_districts.geojson. The departments, targets and rules are made up.
"""

import json
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import shapely
from ruamel.yaml import YAML

TREE = Path(__file__).resolve().parents[2]
CITY = "madrid.example"
GROUPS = {
    "limpieza": ("limpieza", "muebles", "contenedor", "papelera", "pintadas", "recogida"),
    "alumbrado": ("farola", "alumbrado", "luz"),
    "calles": ("acera", "calzada", "bolardo", "alcorque", "tapa", "desperfecto"),
    "verde": ("árbol", "zona verde", "parque", "riego", "jard"),
    "otros": (),
}
RULES = """\
warning_at: 0.75
rules:
  - rule: peligro
    when: words("peligro*", "herid*", "caid*", "accidente*") && group in ["calles", "verde"]
    department: urgencias
    because: Lo que puede caer o herir se mira primero.
  - rule: centro-de-noche
    when: group == "limpieza" && district == "m1" && between("22:00", "06:00")
    department: noche
    because: En Centro hay limpieza nocturna.
  - rule: farolas-fuera-de-horario
    when: group == "alumbrado" && !working_hours && words("cable*", "chispa*", "a oscuras")
    department: urgencias
    because: Sin luz y con riesgo, acude la guardia.
"""


def group_of(name):
    found = (group for group, words in GROUPS.items() if any(one in name.lower() for one in words))
    return next(found, "otros")


def make_pack(data, folder):
    shutil.copytree(TREE / "deploy" / "cities" / "santander.es", folder)
    districts = json.loads((data / "boundaries" / "madrid_districts.geojson").read_text())
    shapes = []
    for number, feature in enumerate(districts["features"], 1):
        shape = shapely.make_valid(shapely.geometry.shape(feature["geometry"]))
        shapes.append(shape)
        feature["geometry"] = shapely.geometry.mapping(shape)
        feature["properties"] = {"district": f"m{number}", "name": feature["properties"]["name"]}
    whole = {
        "type": "Feature",
        "properties": {},
        "geometry": shapely.geometry.mapping(shapely.union_all(shapes)),
    }
    (folder / "districts.geojson").write_text(json.dumps(districts))
    (folder / "boundary.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": [whole]})
    )
    (folder / "areas.geojson").unlink()
    city = (folder / "city.yaml").read_text()
    city = city.replace("jurisdiction_id: santander.es", f"jurisdiction_id: {CITY}")
    city = city.replace("lat: 43.4647, long: -3.8108", "lat: 40.4168, long: -3.7038")
    (folder / "city.yaml").write_text(city)
    (folder / "calendar.yaml").write_text(
        (folder / "calendar.yaml").read_text().replace("subdivision: CB", "subdivision: MD")
    )
    (folder / "rules.yaml").write_text(RULES)
    both = lambda text: {"es": text, "en": text}  # noqa: E731
    head = {"email": "x@madrid.example"}
    departments = [*GROUPS, "urgencias", "noche"]
    rows = [
        {"department": one, "name": both(one), **head, "head": head, "triage": one == "otros"}
        for one in departments
    ]
    services = [
        {
            "service_code": one["service_code"],
            "service_name": both(next(iter(one["names"]))),
            "description": both(next(iter(one["names"]))),
            "group": (group := group_of(next(iter(one["names"])))),
            "keywords": {"es": ["aviso"], "en": ["report"]},
            "type": "realtime",
            "department": group,
            "targets": {
                "solution": {"amount": 8, "unit": "working_hours"}
                if group == "limpieza"
                else {"amount": 4, "unit": "hours"}
            },
        }
        for one in json.loads((data / "catalogues" / "madrid_services.json").read_text())
    ]
    yaml = YAML()
    yaml.dump({"departments": rows, "escalation": []}, folder / "departments.yaml")
    groups = [{"group": one, "name": both(one)} for one in GROUPS]
    yaml.dump(
        {"version": "2026-01-01T00:00:00Z", "groups": groups, "services": services},
        folder / "services.yaml",
    )


def main(argv):
    from routing.app import SERVICE  # noqa: PLC0415 - after the usage is clear
    from routing.simulation import simulate  # noqa: PLC0415
    from servicekit.process import Process  # noqa: PLC0415

    data = Path(argv[0])
    with tempfile.TemporaryDirectory() as made:
        make_pack(data, Path(made) / CITY)
        env = {
            "CITIES_DIR": made,
            "CONTRACTS_DIR": str(TREE / "contracts"),
            "ROUTING_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
            "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        }
        process = Process(SERVICE, env, lambda: datetime(2023, 10, 24, tzinfo=UTC))
        began = time.perf_counter()
        done = simulate(
            process, ["--from", str(data / "replay" / "madrid_window.csv.gz"), *argv[1:]]
        )
        print(f"{time.perf_counter() - began:.2f} s", file=sys.stderr)
    return done


if __name__ == "__main__":
    if not sys.argv[1:]:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
