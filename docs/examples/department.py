"""A department's own system, to start from: it hears of its cases, accepts and starts each.

usage: python department.py BROKER JURISDICTION DEPARTMENT     (needs: pip install kafka-python)
"""

import json
import sys
from datetime import UTC, datetime

from kafka import KafkaConsumer, KafkaProducer

broker, jurisdiction, department = sys.argv[1:4]
consumer = KafkaConsumer(
    f"routed.{jurisdiction}.{department}",
    bootstrap_servers=broker,
    group_id=f"{department}.{jurisdiction}",
    auto_offset_reset="earliest",
    enable_auto_commit=False,
    session_timeout_ms=10_000,
)
producer = KafkaProducer(bootstrap_servers=broker, acks="all", enable_idempotence=False)


def answer(kind: str, case: dict) -> str | None:
    """Return the move to make on hearing this, None for none: put your own system in here."""
    if kind == "case.assigned.v1":
        return "accepted"
    if kind == "case.moved.v1" and case["to"] == "accepted":
        return "started"
    return None


for record in consumer:
    about = {name: value.decode() for name, value in record.headers}
    case = json.loads(record.value)
    print(about["ce_type"], about["ce_subject"], case.get("to") or case.get("reason"), flush=True)
    if move := answer(about["ce_type"], case):
        update_id = f"{about['ce_id']}-{move}"  # hearing twice makes the same id: one update
        update = {"update_id": update_id, "department": department, "move": move}
        update |= {name: case[name] for name in ("jurisdiction_id", "service_request_id")}
        headers = {"ce_specversion": "1.0", "ce_id": update_id, "ce_type": "update.sent.v1"}
        headers |= {"ce_source": f"/departments/{jurisdiction}/{department}"}
        headers |= {"ce_subject": about["ce_subject"], "ce_time": datetime.now(UTC).isoformat()}
        pairs = [(name, value.encode()) for name, value in headers.items()]
        key, value = about["ce_subject"].encode(), json.dumps(update).encode()
        producer.send("department-updates", value, key, pairs).get(30)
    consumer.commit()
