"""A mail server on a real socket, and what was delivered to it."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP

_CODE = re.compile(r"\b\d{8}\b")


class Mailbox:
    """Every address's mail."""

    def __init__(self) -> None:
        self.mail: dict[str, list[EmailMessage]] = {}
        self.url = ""

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        message = message_from_bytes(envelope.content, policy=policy.default)
        for recipient in envelope.rcpt_tos:
            self.mail.setdefault(recipient, []).append(message)
        return "250 OK"

    async def code(self, email: str, number: int = 1) -> str:
        """The code in the so-and-so-many-th mail to an address."""
        async with asyncio.timeout(20):
            while len(self.mail.get(email, ())) < number:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        found = _CODE.search(self.mail[email][number - 1].get_content())
        assert found is not None
        return found[0]


@asynccontextmanager
async def open_mailbox() -> AsyncIterator[Mailbox]:
    mailbox = Mailbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(mailbox, loop=loop), host="127.0.0.1", port=0)
    port = server.sockets[0].getsockname()[1]
    mailbox.url = f"smtp://127.0.0.1:{port}"
    try:
        yield mailbox
    finally:
        server.close()
