"""Mail as files, one each, under EMAIL_FILE_PATH: what the demonstration sends, and how its mailbox reads it."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage as Mail
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

#: The setting that names this backend.
BACKEND = "accounts.mail_files.EmailBackend"
#: The names that the backend gives, and the only ones that are read.
NAME = re.compile(r"[0-9]{8}T[0-9]{12}-[0-9a-f]{8}\.eml", re.ASCII)


class EmailBackend(BaseEmailBackend):
    """Writes each mail into a file of its own; a file is there whole or not at all."""

    def __init__(self, fail_silently: bool = False, **options: Any) -> None:
        super().__init__(fail_silently=fail_silently)
        self.folder = Path(settings.EMAIL_FILE_PATH)

    def open(self) -> bool:
        """Have the folder, readable for its owner only: mails hold links that let people in."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return True

    def send_messages(self, email_messages: Sequence[Mail]) -> int:
        """Write the mails; the names sort by time."""
        self.open()
        for mail in email_messages:
            content = mail.message().as_bytes(linesep="\r\n")  # type: ignore[call-arg]
            name = f"{timezone.now().astimezone(dt.UTC):%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}.eml"
            draft = self.folder / f".{name}"
            draft.write_bytes(content)
            draft.rename(self.folder / name)
        return len(email_messages)


@dataclass(frozen=True)
class MailFile:
    """One mail as the mailbox shows it."""

    name: str
    at: dt.datetime
    subject: str
    recipient: str
    text: str
    html: str
    attachments: tuple[tuple[str, str], ...]


def newest(*, before: str = "", limit: int) -> list[str]:
    """The names of the newest mails that are older than the one called `before`, newest first."""
    folder = Path(settings.EMAIL_FILE_PATH)
    if not folder.is_dir():
        return []
    names = (path.name for path in folder.iterdir() if NAME.fullmatch(path.name))
    return sorted((name for name in names if not before or name < before), reverse=True)[:limit]


def read(name: str) -> MailFile:
    """The mail of that name. Raises FileNotFoundError for a name that the backend did not give."""
    if not NAME.fullmatch(name):
        raise FileNotFoundError(name)
    path = Path(settings.EMAIL_FILE_PATH) / name
    with path.open("rb") as file:
        message = BytesParser(EmailMessage, policy=policy.default).parse(file)
    return MailFile(
        name=name,
        at=dt.datetime.strptime(name[:21], "%Y%m%dT%H%M%S%f").replace(tzinfo=dt.UTC),
        subject=str(message["Subject"] or ""),
        recipient=str(message["To"] or ""),
        text=body(message, "plain"),
        html=body(message, "html"),
        attachments=tuple((part.get_filename() or "", part.get_content_type()) for part in message.iter_attachments()),
    )


def body(message: EmailMessage, subtype: str) -> str:
    """The text or html body; empty where there is none."""
    part = message.get_body(preferencelist=(subtype,))
    return str(part.get_content()) if part is not None else ""
