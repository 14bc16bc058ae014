"""A stand-in for routing and media: says what they would say."""

import towns


def at(moment):
    return moment.isoformat().replace("+00:00", "Z")


class Routing:
    """Speaks as routing does."""

    def __init__(self, intake):
        self.intake = intake

    def common(self, identity):
        return {
            "jurisdiction_id": towns.FIRST,
            "service_request_id": identity,
            "service_code": "001",
            "service_group": "streets",
            "district": None,
            "channel": "app",
            "department": "roads",
            "requested_datetime": at(self.intake.clock()),
            "first_answer_due": None,
            "expected_datetime": "2031-05-09T07:08:09Z",
        }

    def routed(self, identity, *, sequence=None, event_id=None, **changes):
        data = {
            **self.common(identity),
            "agency_responsible": "Calles",
            "rule": None,
            "rules_version": "1",
            "because": "the service's own department",
            "previous_department": None,
            "routed_datetime": at(self.intake.clock()),
            **changes,
        }
        return self.intake.hear(
            "request.routed.v1", identity, data, sequence=sequence, event_id=event_id
        )

    def moved(self, identity, to, *, sequence=None, event_id=None, **changes):
        closed = to in {"resolved", "refused", "closed", "duplicate", "withdrawn"}
        now = at(self.intake.clock())
        data = {
            **self.common(identity),
            "from": "routed",
            "to": to,
            "status": "closed" if closed else "open",
            "by": {"role": "department", "department": "roads"},
            "outcome_code": "repaired" if closed else None,
            "words": "Filled today" if closed else None,
            "media": [],
            "duplicate_of": None,
            "update_id": None,
            "moved_datetime": now,
            "first_answered_datetime": now,
            "closed_datetime": now if closed else None,
            "reopened_count": 0,
            **changes,
        }
        return self.intake.hear(
            "case.moved.v1", identity, data, sequence=sequence, event_id=event_id
        )

    def stored(self, identity, media_id="a" * 64, role="report", **changes):
        data = {
            "jurisdiction_id": towns.FIRST,
            "service_request_id": identity,
            "media_id": media_id,
            "role": role,
            "content_type": "image/jpeg",
            "width": 10,
            "height": 10,
            "bytes": 100,
            "path": f"/media/v1/{media_id}/1024.jpg",
            **changes,
        }
        return self.intake.hear("media.stored.v1", identity, data)
