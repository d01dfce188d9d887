"""Mail: delivered in the background, never in clear text in production, printed in development."""

import asyncio
import logging
from email.message import EmailMessage

import pytest
from pydantic import SecretStr

from app.errors import StoreUnavailable
from app.mail import Mailer
from app.settings import Settings
from tests.accounts.mailbox import Mailbox


def mailer(environment: str, url: str | None) -> Mailer:
    chosen = {"environment": environment, "smtp_url": None if url is None else SecretStr(url)}
    return Mailer(Settings(environment="test").model_copy(update=chosen))


async def test_mail_is_delivered_before_the_process_ends(mailbox: Mailbox) -> None:
    mail = mailer("test", mailbox.url)
    mail.require()
    mail.send("ada@example.org", "A subject", "Wörter\n")
    assert "ada@example.org" not in mailbox.mail  # nobody waited for it

    await mail.close()

    (message,) = mailbox.mail["ada@example.org"]
    assert isinstance(message, EmailMessage)
    assert (message["Subject"], message.get_content().strip()) == ("A subject", "Wörter")


async def test_production_sends_nothing_in_clear_text(
    mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    mail = mailer("production", mailbox.url)

    mail.send("eve@example.org", "A subject", "12345678")

    async with asyncio.timeout(20):
        while "mail was not delivered" not in caplog.text:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert "eve@example.org" not in mailbox.mail
    assert "eve@example.org" not in caplog.text
    for task in mail._sending:
        task.cancel()


async def test_without_a_server_development_prints_and_production_refuses(
    caplog: pytest.LogCaptureFixture,
) -> None:
    printing = mailer("development", None)
    printing.require()
    with caplog.at_level(logging.WARNING):
        printing.send("ada@example.org", "A subject", "12345678")
        await printing.close()
    assert "12345678" in caplog.text

    with pytest.raises(StoreUnavailable):
        mailer("production", None).require()


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="SMTP_URL"):
        mailer("test", "https://mail.example")
