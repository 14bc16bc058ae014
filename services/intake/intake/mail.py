"""Mail out: messages wait in a table and are sent by a tick, again and again until it works."""

import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

from servicekit import logs
from servicekit.errors import Unavailable
from servicekit.packs import Pack
from sqlalchemy.orm import Session, sessionmaker

from intake import actions, store
from intake.actions import welcoming
from intake.domain import Message
from intake.letters import Letter

log = logs.get(__name__)
BATCH = 10  # times the longest wait for a server stays below the lease
WELCOMED = 500  # reports, whose mails are written at once
LEASE = timedelta(minutes=2)
_FIRST_PAUSE_S = 5
_LONGEST_PAUSE_S = 3600
_PERMANENT = 500
_Trouble = (smtplib.SMTPException, OSError)


@dataclass(frozen=True, kw_only=True)
class Server:
    """A mail server by its URL: ``smtp://user:password@host:587?starttls`` or ``smtps://…``."""

    url: str = field(repr=False)
    timeout_s: float

    def connect(self) -> smtplib.SMTP:
        """Return an open session; raises OSError or SMTPException when there is none."""
        parts = urlsplit(self.url)
        host = parts.hostname or "127.0.0.1"
        if parts.scheme == "smtps":
            context = ssl.create_default_context()
            session: smtplib.SMTP = smtplib.SMTP_SSL(
                host, parts.port or 465, timeout=self.timeout_s, context=context
            )
        else:
            session = smtplib.SMTP(host, parts.port or 25, timeout=self.timeout_s)
            if "starttls" in parts.query:
                session.starttls(context=ssl.create_default_context())
        if parts.username:
            session.login(unquote(parts.username), unquote(parts.password or ""))
        return session


@dataclass(frozen=True, kw_only=True)
class Mailer:
    """Sends what is due.

    A message may be sent twice (a crash between server and commit) but is never lost; its
    Message-ID stays the same, so that a mailbox can tell.
    """

    db: sessionmaker[Session]
    ground: actions.Ground
    server: Server
    now: Callable[[], datetime]
    attempts: int
    fetch: Callable[[str], Letter | None]

    def run(self) -> float | None:
        """Send one batch; returns 0 when there may be more, None to be called as usual."""
        with self.db.begin() as session:
            welcoming.welcome(session, self.ground, limit=WELCOMED)
        with self.db.begin() as session:
            claimed = store.claim_messages(session, self.now(), LEASE, BATCH)
        if claimed:
            self._send_all(claimed)
        return 0 if len(claimed) == BATCH else None

    def _send_all(self, messages: list[Message]) -> None:
        try:
            smtp = self.server.connect()
        except _Trouble as trouble:
            log.warning("the mail server does not answer", reason=type(trouble).__name__)
            for message in messages:
                self._later(message, f"no mail server: {type(trouble).__name__}")
            return
        try:
            for message in messages:
                self._send(smtp, message)
        finally:
            with suppress(*_Trouble):
                smtp.quit()

    def _send(self, smtp: smtplib.SMTP, message: Message) -> None:
        try:
            message, address = self._addressed(message)
        except Unavailable as trouble:
            self._later(message, trouble.description)
            return
        if address is None:
            self._give_up(message, "there is no address for it")
            return
        try:
            smtp.send_message(self._mail(message, address), to_addrs=[address])
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPResponseException) as refusal:
            code = _code(refusal)
            if code >= _PERMANENT:
                self._give_up(message, f"the mail server refused it ({code})")
            else:
                self._later(message, f"the mail server put it off ({code})")
            with suppress(*_Trouble):
                smtp.rset()
        except ValueError:
            self._give_up(message, "the address cannot be written to")
        except _Trouble as trouble:
            self._later(message, type(trouble).__name__)
        else:
            with self.db.begin() as session:
                actions.deliver_message(session, self.ground, message, now=self.now())
            log.info("message sent", message_id=message.message_id, purpose=message.purpose)

    def _addressed(self, message: Message) -> tuple[Message, str | None]:
        """Return a message with its words, and whom it is for; None when it is for nobody."""
        if message.link_id is None:
            with self.db.begin() as session:
                return message, self._address(session, message)
        letter = self.fetch(message.link_id)
        if letter is None:
            return message, None
        words = {name: getattr(letter, name) for name in ("language", "subject", "body")}
        return replace(message, **words), letter.to

    def _address(self, session: Session, message: Message) -> str | None:
        if message.supporter_id is not None:
            return store.supporter_email(session, message.supporter_id)
        if message.office is not None:
            return _office(self.ground.pack(message.jurisdiction_id), message)
        return store.reporter_email(session, message.service_request_id)

    def _mail(self, message: Message, address: str) -> EmailMessage:
        """Return the mail; raises ValueError when the address is none."""
        pack: Pack = self.ground.pack(message.jurisdiction_id)
        sender = pack.city.sender
        name, _, domain = address.rpartition("@")
        mail = EmailMessage()
        mail["From"] = Address(sender.name, addr_spec=sender.email)
        mail["To"] = Address("", name, domain)
        mail["Subject"] = " ".join(message.subject.split())
        mail["Date"] = format_datetime(self.now())
        mail["Message-ID"] = f"<{message.message_id}@{sender.email.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.body)  # it takes away what was said of the content before
        mail["Content-Language"] = message.language
        return mail

    def _later(self, message: Message, reason: str) -> None:
        if message.attempts >= self.attempts:
            self._give_up(message, f"given up after {message.attempts} tries: {reason}")
            return
        pause_s = min(_FIRST_PAUSE_S * 2 ** (message.attempts - 1), _LONGEST_PAUSE_S)
        with self.db.begin() as session:
            due_at = self.now() + timedelta(seconds=pause_s)
            store.postpone_message(session, message.message_id, due_at, reason)

    def _give_up(self, message: Message, reason: str) -> None:
        with self.db.begin() as session:
            actions.fail_message(session, self.ground, message, reason, now=self.now())
        log.warning("message given up", message_id=message.message_id, reason=reason)


def _office(pack: Pack, message: Message) -> str | None:
    """Return where a department or its head reads, or the ombudsman: the head of the triage."""
    if message.office == "ombudsman":
        return pack.triage.head_email
    department = pack.departments.get(message.department or "")
    if department is None:
        return None
    return department.email if message.office == "department" else department.head_email


def _code(refusal: smtplib.SMTPException) -> int:
    if isinstance(refusal, smtplib.SMTPRecipientsRefused):
        return max((int(code) for code, _ in refusal.recipients.values()), default=_PERMANENT)
    return int(getattr(refusal, "smtp_code", _PERMANENT))
