"""The mutation that begins an upload; the bytes themselves go to the address it gives."""

from datetime import UTC, datetime
from typing import Annotated

import strawberry

from app.api.context import Info
from app.api.files import signed_url
from app.api.ids import global_id, uuid_of
from app.api.mutation import KeyedInput, Payload, mutation
from app.attachments.commands import NewAttachment
from app.attachments.links import Purpose, expiry
from app.chat.files import announce_file


@strawberry.input(description="A file to upload.")
class AttachmentCreateInput(KeyedInput):
    """The input of `attachmentCreate`."""

    conversation_id: strawberry.ID = strawberry.field(
        description="The conversation for whose messages it is."
    )
    file_name: str = strawberry.field(
        description="What it is called where it is saved: at most 200 characters."
    )
    content_type: str = strawberry.field(
        description="Its media type, such as `image/png`; its bytes must be of that."
    )
    size: int = strawberry.field(description="How many bytes it has.")


@strawberry.type(description="A header of an HTTP request.")
class HttpHeader:
    """One name and its value."""

    name: str = strawberry.field(description="The header's name.")
    value: str = strawberry.field(description="The header's value.")


@strawberry.type(description="A file of yours, and the request by which to send its bytes.")
class Attachment:
    """Where to send a file; once it is sent, a message's `Medium` shows it."""

    id: strawberry.ID = strawberry.field(
        description="The file's id, for `messageSend` and `messageSchedule`; once its bytes are "
        "there."
    )
    method: str = strawberry.field(description="The method of the request.")
    url: str = strawberry.field(
        description="Where to send it; its permission is in it. It begins with `/` unless the "
        "server knows its own name."
    )
    headers: list[HttpHeader] = strawberry.field(description="Headers that the request has.")
    expires_at: datetime = strawberry.field(description="Until when it may begin.")


@strawberry.type(description="What came of `attachmentCreate`.")
class AttachmentCreatePayload(Payload):
    """The file."""

    attachment: Attachment | None = strawberry.field(
        default=None, description="The file, and how to send it."
    )


@strawberry.type
class AttachmentMutations:
    """Writes."""

    @mutation(
        AttachmentCreatePayload,
        description="Begin to upload a file for a message of a conversation. What no message shows "
        "within a day, and none that is to be sent later keeps, is forgotten.",
    )
    async def attachment_create(
        self,
        info: Info,
        input_: Annotated[
            AttachmentCreateInput, strawberry.argument(name="input", description="Which file.")
        ],
    ) -> AttachmentCreatePayload:
        context = info.context
        services = context.services
        where = ["input", "conversationId"]
        context.viewer.require()
        new = NewAttachment(
            uuid_of(input_.conversation_id, "Conversation", field=where),
            input_.file_name,
            input_.content_type,
            input_.size,
        )
        made = await announce_file(
            services, services.settings, context.viewer, new, client_key=input_.client_key
        )
        until = expiry(services.settings.attachment_link_ttl)
        return AttachmentCreatePayload(
            attachment=Attachment(
                id=global_id("Attachment", made.id),
                method="PUT",
                url=signed_url(context, Purpose.UPLOAD, made.id, until),
                headers=[HttpHeader(name="Content-Type", value=made.content_type)],
                expires_at=datetime.fromtimestamp(until, UTC),
            )
        )
