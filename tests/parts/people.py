"""Who takes part in a journey: a citizen who reports, a department that listens and answers."""

from __future__ import annotations

import io
import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from kafka import KafkaProducer
from PIL import Image
from servicekit.events import Event

from parts.chosen import run
from parts.log import Fact, until
from parts.mail import text_of
from parts.platform import CITY, Platform

HERE = (43.4623, -3.8099)  # the Plaza Porticada, in the middle of Santander
GPS = 0x8825
PASSWORD = "correct horse battery"
POTHOLE = {"service_code": "bache", "attribute[TAMANO]": "rueda"}


def a_photo(
    colour: tuple[int, int, int] = (90, 90, 90), size: tuple[int, int] = (800, 600)
) -> bytes:
    """Return a JPEG that says where it was taken."""
    picture = Image.new("RGB", size, colour)
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    exif.get_ifd(GPS).update({1: "N", 2: (43.0, 27.0, 44.0), 3: "W", 4: (3.0, 48.0, 36.0)})
    out = io.BytesIO()
    picture.save(out, "JPEG", exif=exif)
    return out.getvalue()


@dataclass
class Citizen:
    """Somebody with a key of an application, a mailbox and a phone that takes photos."""

    platform: Platform
    email: str = field(default_factory=lambda: f"ana-{uuid.uuid4().hex[:8]}@example.org")

    def report(self, *photos: bytes, form: str = "json", **fields: Any) -> Any:
        """Send a report through the public door; returns the HTTP answer."""
        lat, long = HERE
        data = {
            "jurisdiction_id": CITY,
            "api_key": self.platform.keys["report"],
            "lat": str(lat),
            "long": str(long),
            "email": self.email,
            "locale": "es",
            **POTHOLE,
            **fields,
        }
        files = [("media", (f"{n}.jpg", photo, "image/jpeg")) for n, photo in enumerate(photos)]
        return self.platform.http.post(
            f"/open311/v2/requests.{form}", data=data, files=files or None
        )

    def reported(self, *photos: bytes, **fields: Any) -> str:
        """Send a report that must be accepted; returns its service_request_id."""
        answer = self.report(*photos, **fields)
        assert answer.status_code == 201, answer.text
        return str(answer.json()[0]["service_request_id"])

    def sees(self, service_request_id: str) -> dict[str, Any] | None:
        """Return the request as the public sees it, or None."""
        answer = self.platform.http.get(
            f"/open311/v2/requests/{service_request_id}.json",
            params={"jurisdiction_id": CITY, "extensions": "true"},
        )
        return dict(answer.json()[0]) if answer.status_code == 200 else None

    def waits_for(self, service_request_id: str, **wanted: Any) -> dict[str, Any]:
        """Return the request once it is public and has these values (None: any value at all)."""

        def fits() -> dict[str, Any] | None:
            seen = self.sees(service_request_id) or {}
            good = seen and all(
                seen.get(name) == value or (value is None and seen.get(name))
                for name, value in wanted.items()
            )
            return seen if good else None

        return dict(until(fits, why=f"{service_request_id} shows {wanted}"))

    def invitation(self) -> str:
        """Return the secret of the newest invitation in the mailbox."""

        def found() -> str | None:
            words = "\n".join(text_of(mail) for mail in self.platform.mails.to(self.email))
            links = re.findall(r"/evaluate/([\w-]+)", words)
            return links[-1] if links else None

        return str(until(found, why=f"an invitation to {self.email}"))

    def evaluates(self, secret: str, **answer: Any) -> Any:
        """Answer an invitation."""
        return self.platform.http.post(f"/api/feedback/v1/evaluations/{secret}", json=answer)


@dataclass
class Operator:
    """Somebody at the phone, with a local account."""

    platform: Platform
    role: str = "operator"
    name: str = field(default_factory=lambda: f"op-{uuid.uuid4().hex[:8]}")
    token: str = ""

    def signs_in(self) -> Operator:
        """Get an account and sign in, as docs/people.md says."""
        words = ("accounts", "create", self.name, "--role", self.role, "--jurisdiction", CITY)
        run("routing", *words, env=self.platform.command_env, said=f"{PASSWORD}\n")
        body = {"account": self.name, "password": PASSWORD}
        answer = self.platform.http.post("/api/routing/v1/sessions", json=body)
        assert answer.status_code == 201, answer.text
        self.token = answer.json()["token"]
        return self

    def asks(self, method: str, path: str, **options: Any) -> Any:
        """Call an API; returns the HTTP answer."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.platform.http.request(method, path, headers=headers, **options)

    def enters(self, *photos: bytes, **fields: Any) -> dict[str, Any]:
        """Type in what a citizen says on the phone; returns what the operator is told."""
        data = {"channel": "phone", "address_string": "Plaza Porticada 1", **POTHOLE, **fields}
        files = [("media", (f"{n}.jpg", photo, "image/jpeg")) for n, photo in enumerate(photos)]
        answer = self.asks("POST", "/api/intake/v1/contacts", data=data, files=files or None)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def case(self, service_request_id: str) -> dict[str, Any] | None:
        """Return the case as the desk shows it, None while there is none."""
        answer = self.asks("GET", f"/api/routing/v1/cases/{service_request_id}")
        return dict(answer.json()) if answer.status_code == 200 else None


@dataclass
class Department:
    """A department's own software: it hears its topic and speaks on department-updates."""

    platform: Platform
    name: str = "vias-obras"

    @property
    def topic(self) -> str:
        return f"routed.{CITY}.{self.name}"

    def hears(self, service_request_id: str, type_: str) -> list[Fact]:
        """Return what its topic says of a case."""
        return [
            fact
            for fact in self.platform.log.read(self.topic)
            if fact.subject == service_request_id and fact.type == type_
        ]

    def waits_for(self, service_request_id: str, type_: str) -> Fact:
        """Return the last thing of a type that its topic says of a case, once there is one."""
        why = f"{type_} of {service_request_id} on {self.topic}"
        facts = until(lambda: self.hears(service_request_id, type_), every_s=1, why=why)
        fact: Fact = facts[-1]
        return fact

    def says(self, service_request_id: str, move: str, **more: Any) -> str:
        """Send an update; returns its id."""
        update_id = str(more.pop("update_id", uuid.uuid4()))
        data = {
            "jurisdiction_id": CITY,
            "service_request_id": service_request_id,
            "update_id": update_id,
            "department": self.name,
            "move": move,
            **more,
        }
        event = Event(
            id=str(uuid.uuid4()),
            source=f"/departments/{CITY}/{self.name}",
            type="update.sent.v1",
            subject=service_request_id,
            time=datetime.now(UTC),
            sequence=1,
            data=data,
        )
        self.platform.contracts.check(event)
        producer = KafkaProducer(
            bootstrap_servers=self.platform.parts.kafka_bootstrap_servers,
            acks="all",
            enable_idempotence=False,
        )
        try:
            sent = producer.send(
                "department-updates",
                key=service_request_id.encode(),
                value=event.value(),
                headers=event.headers(),
            )
            sent.get(60)
        finally:
            producer.close()
        return update_id

    @cached_property
    def media_key(self) -> str:
        return self.platform.key("media", "department", department=self.name)

    def uploads(self, photo: bytes, service_request_id: str, role: str = "result") -> str:
        """Bring a photo to media; returns its media_id."""
        answer = self.platform.http.post(
            "/media/v1/photos",
            headers={"Authorization": f"Bearer {self.media_key}"},
            data={
                "jurisdiction_id": CITY,
                "service_request_id": service_request_id,
                "role": role,
            },
            files={"file": ("after.jpg", photo, "image/jpeg")},
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["media_id"])
