"""The door to canned replies: those that fit a case, in the language of whoever reported it."""

from routing import store, wire
from routing.api.door import Data, Door


class Replies(Door):
    """Offers ready-made words."""

    def get_replies(
        self,
        service_request_id: str,
        jurisdiction_id: str | None = None,
        move: str | None = None,
        outcome_code: str | None = None,
        language: str | None = None,
    ) -> Data:
        """Return the replies that fit, filled in for the case."""
        with self.db() as session:
            caller = self._caller(session, "get_replies")
            case = self._find(session, caller, jurisdiction_id, service_request_id)
            report = store.report_of(session, case)
            own = store.own_replies(session, [case.jurisdiction_id])
        city = self.desk.city(case.jurisdiction_id)
        spoken = wire.spoken_by(report, city, language)
        found = wire.replies(
            case,
            report,
            city,
            [one.reply for one in own],
            move=move,
            outcome=outcome_code,
            language=spoken,
        )
        return {"language": spoken, "replies": list(found)}
