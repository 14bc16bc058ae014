"""The mails of the sink, for the developer to read: a list, and one mail as text."""

import email
import email.policy
import html
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

_SHOWN = 200
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body{{font:1rem/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}}
table{{border-collapse:collapse;width:100%}}td,th{{text-align:left;padding:.3rem .6rem;
border-bottom:1px solid #ccc}}pre{{white-space:pre-wrap;background:#f4f4f4;padding:1rem}}</style>
<h1>{title}</h1>
{body}
"""


@dataclass(frozen=True)
class Mail:
    """One mail as it is shown."""

    name: str
    date: str
    sender: str
    to: str
    subject: str
    text: str
    parts: tuple[str, ...]


def read(path: Path) -> Mail:
    """Read one .eml file."""
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    if not isinstance(message, EmailMessage):
        raise TypeError(path.name)
    body = message.get_body(("plain", "html"))
    return Mail(
        name=path.name,
        date=str(message["date"] or ""),
        sender=str(message["from"] or ""),
        to=str(message["x-envelope-to"] or message["to"] or ""),
        subject=str(message["subject"] or "(no subject)"),
        text=str(body.get_content()) if body else "",
        parts=tuple(
            f"{part.get_filename() or 'without a name'} ({part.get_content_type()})"
            for part in message.iter_attachments()
        ),
    )


def find(folder: Path, name: str) -> Path | None:
    """Return the file of a mail; None when there is none of exactly this name."""
    return next((path for path in folder.glob("*.eml") if path.name == name), None)


def list_page(folder: Path) -> str:
    """Return the page of the newest mails, newest first."""
    paths = sorted(folder.glob("*.eml"), reverse=True)
    rows = "".join(
        f"<tr><td>{_e(mail.date)}<td>{_e(mail.to)}"
        f'<td><a href="/mails/{_e(mail.name)}">{_e(mail.subject)}</a>'
        for mail in map(read, paths[:_SHOWN])
    )
    body = f"<table><tr><th>sent<th>to<th>subject{rows}</table>" if rows else "<p>No mail yet.</p>"
    return _PAGE.format(title=f"Mails sent ({len(paths)})", body=body)


def mail_page(path: Path) -> str:
    """Return the page of one mail."""
    mail = read(path)
    attached = "".join(f"<li>{_e(part)}" for part in mail.parts)
    body = (
        f"<p><a href='/mails'>all mails</a> · {_e(mail.date)} · from {_e(mail.sender)} "
        f"· to {_e(mail.to)}</p><pre>{_e(mail.text)}</pre>"
        + (f"<p>attached:</p><ul>{attached}</ul>" if attached else "")
    )
    return _PAGE.format(title=_e(mail.subject), body=body)


def _e(text: str) -> str:
    return html.escape(text)
