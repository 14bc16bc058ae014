"""A register of any length, made in the database out of one real report."""

from __future__ import annotations

from typing import Any

import psycopg

APART_S = 72  # one report every so many seconds: 1,200 a day
THINGS = ("bache", "farola", "contenedor", "acera", "arbol", "ruido", "agua", "pintada")
STREETS = ("vargas", "burgos", "cadiz", "castelar", "hernan", "isabel", "jesus", "lealtad")
WORDS = (
    "hondo",
    "roto",
    "apagada",
    "lleno",
    "frente",
    "portal",
    "vecinos",
    "peligro",
    "noche",
    "paso",
    "peatones",
    "parada",
    "esquina",
    "colegio",
    "parque",
    "banco",
    "rueda",
    "tapa",
    "olor",
    "coche",
    "abandonado",
    "mayores",
    "semana",
    "mes",
    "cada",
    "dia",
    "otra",
    "vez",
)
SERVICES = ("bache", "farola-apagada", "contenedor-lleno", "calle-sucia", "ruido", "fuga-agua")
# What the report of the door holds where each copy gets words, a place and times of its own.
DESCRIPTION = "Bache hondo frente al portal, entre el paso de peatones y la parada"
ADDRESS = "Calle Vargas 5"

_MADE = f"""
CREATE TEMP TABLE made AS
SELECT n, upper('SDR-' || substr(md5(n::text), 1, 5) || '-' || substr(md5(n::text), 6, 6)) AS id,
    concat_ws(' ', things[1 + n %% 8], words[1 + n * 7 %% 28], words[1 + n * 11 %% 27],
        words[1 + n * 3 %% 26], words[1 + n * 5 %% 25], '. Numero', n %% 9973) AS description,
    concat_ws(' ', 'Calle', initcap(streets[1 + n * 3 %% 8]), n %% 97) AS address,
    services[1 + n %% 6] AS service_code,
    round((43.4623 + 0.012 * sqrt(-2 * ln(1 - a)) * cos(2 * pi() * b))::numeric, 6)::float8 AS lat,
    round((-3.8099 + 0.020 * sqrt(-2 * ln(1 - a)) * sin(2 * pi() * b))::numeric, 6)::float8 AS long,
    date_trunc('second', now()) - n * interval '{APART_S} seconds' AS requested,
    date_trunc('second', least(now(),
        now() - n * interval '{APART_S} seconds' + c * c * interval '20 days')) AS updated,
    CASE WHEN d < 0.01 + exp(-n * {APART_S} / 604800.0) THEN 'open' ELSE 'closed' END AS status
FROM (SELECT n::bigint, random() AS a, random() AS b, random() AS c, random() AS d
      FROM generate_series(1, %(rows)s) AS n) AS thrown,
     (SELECT %(things)s::text[] AS things, %(words)s::text[] AS words,
             %(streets)s::text[] AS streets, %(services)s::text[] AS services) AS said
"""
# As intake writes them behind a report: see migration 0017.
_WORDS = """
INSERT INTO request_words (jurisdiction_id, requested_datetime, service_request_id, span, words)
SELECT jurisdiction_id, requested_datetime, service_request_id,
    floor(extract(epoch FROM requested_datetime) / 864000)::integer,
    folded(coalesce(description, '') || ' ' || coalesce(address, '') || ' ' || service_name)
FROM request WHERE visibility = 'public' ORDER BY requested_datetime
ON CONFLICT DO NOTHING
"""
_OWN = {
    "service_request_id": "made.id",
    "token": "NULL",
    "description": "made.description",
    "address": "made.address",
    "service_code": "made.service_code",
    "lat": "made.lat",
    "long": "made.long",
    "requested_datetime": "made.requested",
    "updated_datetime": "made.updated",
    "status": "made.status",
}


def fill(connection: psycopg.Connection[Any], rows: int) -> None:
    """Copy the one request that is there ``rows`` times, each with words and a place of its own."""
    execute: Any = connection.execute
    execute("SELECT setseed(0.42)")
    given = {"things": list(THINGS), "words": list(WORDS), "streets": list(STREETS)}
    execute(_MADE, {**given, "services": list(SERVICES), "rows": rows})
    columns = [
        name
        for (name,) in execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = 'request' AND table_schema = 'public' ORDER BY ordinal_position"
        )
    ]
    values = {**_OWN, **{f"{fmt}_fragment": _fragment(fmt) for fmt in ("json", "xml")}}
    chosen = ", ".join(values.get(name, f"one.{name}") for name in columns)
    execute(
        f"INSERT INTO request ({', '.join(columns)}) SELECT {chosen}"
        " FROM (SELECT * FROM request LIMIT 1) AS one, made ORDER BY made.n DESC"
    )
    execute(_WORDS)
    execute("DROP TABLE made")
    execute("VACUUM ANALYZE")


def _fragment(fmt: str) -> str:
    text = f"convert_from(one.{fmt}_fragment, 'UTF8')"
    own = {
        "one.service_request_id": "made.id",
        "one.description": "made.description",
        "one.address": "made.address",
        "'43.4623'": "made.lat::text",
        "'-3.8099'": "made.long::text",
    }
    for old, new in own.items():
        text = f"replace({text}, {old}, {new})"
    return f"convert_to({text}, 'UTF8')"
