"""Words to staff: what goes up the ladder is written to whom it goes up to."""

from typing import Any

from routing.domain import City, Clock, Explanation, Step
from routing.domain.cases import Case
from routing.wire.deadlines import Speaker

Data = dict[str, Any]


def escalation(case: Case, clock: Clock, step: Step, said: Explanation, city: City) -> Data:
    """Ask intake to write to the head of department or the ombudsman.

    The id is made of what is said, so that it is one message however often it is asked for.
    """
    speaker = Speaker(city.language, said)
    service = city.services.get(case.service_code)
    about = {
        "request": case.service_request_id,
        "service": service.name if service else case.service_code,
        "department": city.departments.get(case.department, case.department),
        "due": speaker.at(clock.due),
    }
    return {
        "jurisdiction_id": case.jurisdiction_id,
        "service_request_id": case.service_request_id,
        "message_id": f"{case.service_request_id}-{clock.kind}-{clock.round}-{step.number}",
        "purpose": "escalation",
        "to": step.to,
        "department": case.department,
        "language": speaker.language,
        "message_subject": speaker.words.gettext("%(request)s is late: %(service)s") % about,
        "body": _body(speaker, clock, step, about),
    }


def _body(speaker: Speaker, clock: Clock, step: Step, about: dict[str, str]) -> str:
    _ = speaker.words.gettext
    late = {
        "first_answer": _(
            "%(request)s (%(service)s) waits for a first answer of %(department)s since %(due)s."
        ),
        "solution": _(
            "%(request)s (%(service)s) waits for a solution of %(department)s since %(due)s."
        ),
    }[clock.kind]
    to_you = {
        "department_head": _("It goes up to you as the head of the department."),
        "ombudsman": _("It goes up to you as the ombudsman."),
    }[step.to or "ombudsman"]
    return "\n\n".join([f"{late % about} {to_you}", speaker.whole()]) + "\n"
