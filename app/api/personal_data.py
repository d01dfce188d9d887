"""Mutations of a person's rights over their data."""

from datetime import datetime
from typing import Annotated

import strawberry

from app.api.archives import PATH
from app.api.context import Info
from app.api.mutation import KeyedInput, Payload, mutation
from app.once import check_client_key
from app.personal.erasing import request_erasure
from app.personal.exporting import request_export


@strawberry.input(description="The end of an account.")
class AccountEraseInput(KeyedInput):
    """The input of `accountErase`; what proves that it is meant is a fresh sign-in."""


@strawberry.type(description="Your account, once it is closed.")
class Account:
    """What is left to say of it."""

    closed_at: datetime = strawberry.field(
        description="When it was closed; what is personal goes within minutes of that."
    )


@strawberry.type(description="What came of `accountErase`.")
class AccountErasePayload(Payload):
    """The account, closed."""

    account: Account | None = strawberry.field(default=None, description="The account, closed.")


@strawberry.input(description="An archive of everything that is yours.")
class DataExportRequestInput(KeyedInput):
    """The input of `dataExportRequest`; each key gets an address of its own."""


@strawberry.type(description="An archive of everything that is yours: a ZIP of JSON lines.")
class DataExport:
    """Where to fetch it."""

    url: str = strawberry.field(
        description="Its address, below this server's. It holds for ten minutes, while your "
        "session goes on, and needs no token: keep it to yourself."
    )
    expires_at: datetime = strawberry.field(description="When the address holds no longer.")


@strawberry.type(description="What came of `dataExportRequest`.")
class DataExportRequestPayload(Payload):
    """The archive."""

    data_export: DataExport | None = strawberry.field(default=None, description="The archive.")


@strawberry.type
class PersonalDataMutations:
    """Writes."""

    @mutation(
        DataExportRequestPayload,
        description="Ask for an archive of everything that is yours: account, personal data, "
        "sessions, preferences, products, groups, conversations, messages, reactions, usage, "
        "reports, and what the audit says of you.",
    )
    async def data_export_request(
        self,
        info: Info,
        input_: Annotated[
            DataExportRequestInput, strawberry.argument(name="input", description="The client key.")
        ],
    ) -> DataExportRequestPayload:
        context = info.context
        ticket = await request_export(
            context.services.accounts, context.viewer, client_key=input_.client_key
        )
        export = DataExport(url=f"{PATH}/{ticket.token}", expires_at=ticket.expires_at)
        return DataExportRequestPayload(data_export=export)

    @mutation(
        AccountErasePayload,
        description="Erase your account: it is closed and its sessions end at once, and within "
        "minutes everything that is personal is gone. Your messages keep their places, empty; "
        "your groups go to whoever has been in them longest. Needs a sign-in within the last "
        "15 minutes. There is no way back.",
    )
    async def account_erase(
        self,
        info: Info,
        input_: Annotated[
            AccountEraseInput, strawberry.argument(name="input", description="The client key.")
        ],
    ) -> AccountErasePayload:
        check_client_key(input_.client_key)  # who comes again is signed out
        services = info.context.services
        closed_at = await request_erasure(services.accounts, info.context.viewer)
        services.eraser.wake()
        return AccountErasePayload(account=Account(closed_at=closed_at))
