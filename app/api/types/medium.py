"""A file beside something else: a product's picture, a message's attachment."""

import strawberry
from strawberry import Parent

from app.media import AttachmentType


@strawberry.type(description="A file, picture, film or sound, by its address.")
class Medium:
    """Read off a mapping `{url, type}`."""

    @strawberry.field(description="Where it is.")
    def url(self, root: Parent[dict[str, str]]) -> str:
        return root["url"]

    @strawberry.field(description="What it is.", graphql_type=AttachmentType)
    def type(self, root: Parent[dict[str, str]]) -> str:
        return root["type"]
