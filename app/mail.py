"""Mail, sent in the background: whoever asks for one waits for no mail server, known or not."""

import asyncio
import logging
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote, urlsplit

import aiosmtplib

from app.errors import StoreUnavailable
from app.settings import Settings

_log = logging.getLogger(__name__)

_TIMEOUT = 10.0  # seconds for one attempt
_PAUSES = (1.0, 5.0, 0.0)  # seconds after each failed attempt
_MOST = 200  # under way at once; a server that hangs must not fill the memory
_PATIENCE = 5.0  # seconds that closing waits for what is under way


class Mailer:
    """Sends mail by SMTP or, in development without a server, prints it.

    Args:
        settings: The server's address, the sender.
    """

    def __init__(self, settings: Settings) -> None:
        self._sender = settings.mail_from
        self._prints = settings.environment == "development"
        url = settings.smtp_url
        self._server = None if url is None else _server(url.get_secret_value(), settings)
        self._sending: set[asyncio.Task[None]] = set()

    def require(self) -> None:
        """Check that mail can be taken.

        Raises:
            StoreUnavailable: No server is configured, or too much is waiting for it.
        """
        if (self._server is None and not self._prints) or len(self._sending) >= _MOST:
            raise StoreUnavailable("mail")

    def send(self, to: str, subject: str, text: str) -> None:
        """Send in the background; a failure is logged, without the address."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._sender, to, subject
        message.set_content(text)
        task = asyncio.create_task(self._deliver(message))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def close(self) -> None:
        """Wait a little for what is under way, and give up the rest."""
        if self._sending:
            _, late = await asyncio.wait(self._sending, timeout=_PATIENCE)
            for task in late:
                task.cancel()

    async def _deliver(self, message: EmailMessage) -> None:
        if self._server is None:
            _log.warning("mail to %s:\n%s", message["To"], message.get_content())
            return
        for pause in _PAUSES:
            try:
                await aiosmtplib.send(message, **self._server)
            except (aiosmtplib.SMTPException, OSError) as error:
                _log.warning("mail was not delivered: %s", type(error).__name__)
                await asyncio.sleep(pause)
            else:
                return


def _server(url: str, settings: Settings) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError("SMTP_URL must be smtp:// or smtps://, with a host")
    implicit = parts.scheme == "smtps"
    return {
        "hostname": parts.hostname,
        "port": parts.port or (465 if implicit else 587),
        "username": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
        "use_tls": implicit,
        # Outside production a server without TLS will do; in it, no one in between may strip it.
        "start_tls": (settings.environment == "production" or None) if not implicit else False,
        "timeout": _TIMEOUT,
    }
