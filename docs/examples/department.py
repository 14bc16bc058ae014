"""A department's own system, to start from: it takes each case, waits, resolves it with a photo.

usage: MEDIA_KEY=… python department.py BROKER JURISDICTION DEPARTMENT MEDIA_URL PHOTO [TOPIC]
(needs: pip install kafka-python httpx; TOPIC: where it speaks, default department-updates)
"""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
from kafka import KafkaConsumer, KafkaProducer

broker, jurisdiction, department, media_url, photo = sys.argv[1:6]
topic = sys.argv[6] if len(sys.argv) > 6 else "department-updates"  # noqa: PLR2004
consumer = KafkaConsumer(
    f"routed.{jurisdiction}.{department}",
    bootstrap_servers=broker,
    group_id=f"{department}.{jurisdiction}",
    auto_offset_reset="earliest",
    enable_auto_commit=False,
    session_timeout_ms=10_000,
)
producer = KafkaProducer(bootstrap_servers=broker, acks="all", enable_idempotence=False)
WAIT = {"move": "paused", "waiting_for": "third_party", "words": "Esperamos a la compañía de gas."}
DONE = {"move": "resolved", "outcome_code": "repaired", "words": "Ya está reparado."}
NEXT = {"accepted": WAIT, "waiting": {"move": "resumed"}, "in_progress": DONE}


def answer(kind: str, case: dict) -> dict | None:
    """Return what to do on hearing this, None for nothing: put your own system in here."""
    if kind == "case.assigned.v1":
        return {"move": "accepted"}
    if kind == "case.moved.v1" and case["by"]["department"] == department:
        return NEXT.get(case["to"])  # our own move came back: it was made
    if kind == "update.refused.v1" and "media required" in case["reason"]:
        return {**DONE, "media": [upload(case)]}
    return None  # another refusal is for a person to read, not to be sent again


def upload(case: dict) -> str:
    """Bring the photo to media and return the name that it has there."""
    about = {"jurisdiction_id": jurisdiction, "role": "result"}
    about |= {"service_request_id": case["service_request_id"]}
    with Path(photo).open("rb") as file:
        key = {"Authorization": f"Bearer {os.environ['MEDIA_KEY']}"}
        kept = httpx.post(
            f"{media_url}/media/v1/photos", headers=key, data=about, files={"file": file}
        )
    return kept.raise_for_status().json()["media_id"]


for record in consumer:
    about = {name: value.decode() for name, value in record.headers}
    case = json.loads(record.value)
    print(about["ce_type"], about["ce_subject"], case.get("to") or case.get("reason"), flush=True)
    if order := answer(about["ce_type"], case):
        update_id = f"{about['ce_id']}-{order['move']}"  # hearing twice: the same id, one update
        update = {"update_id": update_id, "department": department, **order}
        update |= {name: case[name] for name in ("jurisdiction_id", "service_request_id")}
        headers = {"ce_specversion": "1.0", "ce_id": update_id, "ce_type": "update.sent.v1"}
        headers |= {"ce_source": f"/departments/{jurisdiction}/{department}"}
        headers |= {"ce_subject": about["ce_subject"], "ce_time": datetime.now(UTC).isoformat()}
        pairs = [(name, value.encode()) for name, value in headers.items()]
        key, value = about["ce_subject"].encode(), json.dumps(update).encode()
        producer.send(topic, value, key, pairs).get(30)
    consumer.commit()
