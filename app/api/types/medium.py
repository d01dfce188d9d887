"""A file beside something else: a product's picture, a message's attachment."""

import strawberry
from strawberry import Parent

from app.api.context import Info
from app.api.files import url_for
from app.media import AttachmentType


@strawberry.type(description="A file, picture, film or sound, by its address.")
class Medium:
    """Read off a mapping `{url, type}`."""

    @strawberry.field(
        description="Where it is. Of an uploaded file, an address that shows it to you alone, for "
        "a while; it begins with `/` unless the server knows its own name."
    )
    def url(self, root: Parent[dict[str, str]], info: Info) -> str:
        return url_for(info.context, root["url"])

    @strawberry.field(description="What it is.", graphql_type=AttachmentType)
    def type(self, root: Parent[dict[str, str]]) -> str:
        return root["type"]
