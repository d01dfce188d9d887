"""Where an uploaded file is for a viewer: an address that holds for them, and for a while."""

from uuid import UUID

from app.api.context import Context
from app.attachments.commands import attachment_of
from app.attachments.links import Purpose, expiry, sign

PATH = "/attachments"


def url_for(context: Context, url: str) -> str:
    """The address that the log has, or one by which the viewer may see an uploaded file."""
    attachment_id = attachment_of(url)
    if attachment_id is None:
        return url
    until = expiry(context.services.settings.attachment_link_ttl)
    return signed_url(context, Purpose.VIEW, attachment_id, until)


def signed_url(context: Context, purpose: Purpose, attachment_id: UUID, until: int) -> str:
    """The address by which the viewer may do something with a file, until a Unix time."""
    services = context.services
    token = sign(services.tokens, purpose, attachment_id, context.viewer.require(), until)
    return f"{services.settings.public_url or ''}{PATH}/{attachment_id}?token={token}"
