"""What waits for a moderator, and what moderators decided."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry
from strawberry import Parent

from app.api.connection import connection
from app.api.context import Info
from app.api.ids import global_id
from app.api.types import ring
from app.api.types.medium import Medium
from app.api.types.node import Node, id_of
from app.moderation.models import ModerationStatus, ModerationVerdict, SubjectKind
from app.moderation.queries import (
    DecisionOrder,
    DecisionRecord,
    ItemRecord,
    can_decide,
    is_about,
)
from app.paging import ListQuery, Page, PageArgs
from app.products.queries import judges
from app.users.queries import UserRecord

_TYPES = {
    SubjectKind.MESSAGE: "Message",
    SubjectKind.PRODUCT: "Product",
    SubjectKind.GROUP: "Group",
    SubjectKind.USER: "User",
}


@strawberry.type(description="What the subject of a report was when it was reported.")
class ModerationSnapshot:
    """Read off an item's `snapshot`."""

    @strawberry.field(description="What it was called; null for a message.")
    def title(self, root: Parent[dict[str, Any]]) -> str | None:
        found: str | None = root["title"]
        return found

    @strawberry.field(description="What it said; null if nothing.")
    def text(self, root: Parent[dict[str, Any]]) -> str | None:
        found: str | None = root["text"]
        return found

    @strawberry.field(
        description="Its media: a message's attachments too. Its files open to the staff whom it "
        "does not concern, while they are kept; that they did is in the audit.",
        graphql_type=list[Medium],
    )
    def media(self, root: Parent[dict[str, Any]]) -> list[dict[str, str]]:
        found: list[dict[str, str]] = root["media"]
        return found

    @strawberry.field(
        description="Whose it was: sender, vendor, owner, or the user themselves; null if the "
        "account is gone.",
        graphql_type=ring.User | None,
    )
    async def author(self, root: Parent[dict[str, Any]], info: Info) -> UserRecord | None:
        if root["author"] is None:
            return None
        return await info.context.loaders.user_by_id.load(root["author"])


@strawberry.type(
    description="A report, or a product that was submitted. Staff see all of them, and a reporter "
    "their own reports, without who works on them."
)
class ModerationItem(Node):
    """Read off an `ItemRecord`."""

    id: strawberry.ID = id_of("ModerationItem")
    subject_kind: SubjectKind = strawberry.field(description="What it is about.")
    reason: str = strawberry.field(description="Why, in the reporter's words.")
    status: ModerationStatus = strawberry.field(description="How far it is.")
    priority: int = strawberry.field(description="The higher, the sooner; 0 unless you are staff.")
    created_at: datetime = strawberry.field(description="When it was reported or submitted.")
    updated_at: datetime = strawberry.field(description="When something last happened to it.")
    resolved_at: datetime | None = strawberry.field(
        description="When it was resolved; null while it waits."
    )

    @strawberry.field(description="The id of what it is about, for `node`; it may be gone.")
    def subject_id(self, root: Parent[ItemRecord]) -> strawberry.ID:
        return global_id(_TYPES[SubjectKind(root.subject_kind)], root.subject_id)

    @strawberry.field(
        description="What it is about, as it is now; null if you may not see it, as a message of "
        "others.",
        graphql_type=Node | None,
    )
    async def subject(self, root: Parent[ItemRecord], info: Info) -> Any:
        loaders = info.context.loaders
        match root.subject_kind:
            case SubjectKind.PRODUCT:
                return await loaders.product_by_id.load(root.subject_id)
            case SubjectKind.GROUP:
                return await loaders.group_by_id.load(UUID(root.subject_id))
            case SubjectKind.MESSAGE:
                return await loaders.message_by_id.load(UUID(root.subject_id))
            case _:
                return await loaders.user_by_public_id.load(UUID(root.subject_id))

    @strawberry.field(
        description="What it is about, as it was when it was reported; null for what was "
        "submitted, and unless you are staff.",
        graphql_type=ModerationSnapshot | None,
    )
    def snapshot(self, root: Parent[ItemRecord]) -> dict[str, Any] | None:
        return root.snapshot

    @strawberry.field(description="Whether a product was submitted, rather than reported.")
    def is_submission(self, root: Parent[ItemRecord]) -> bool:
        return root.reported_by is None

    @strawberry.field(description="Whether a moderator left it to the admins.")
    def is_escalated(self, root: Parent[ItemRecord]) -> bool:
        return root.escalated

    @strawberry.field(
        description="What was decided about it last; null while nothing was. `decisions` say why, "
        "to staff."
    )
    async def verdict(self, root: Parent[ItemRecord], info: Info) -> ModerationVerdict | None:
        return await info.context.loaders.verdict_by_item.load(root.id)

    @strawberry.field(description="Whether you may decide about it now.")
    async def viewer_can_decide(self, root: Parent[ItemRecord], info: Info) -> bool:
        viewer = info.context.viewer
        if not can_decide(viewer, root) or root.subject_kind != SubjectKind.PRODUCT:
            return can_decide(viewer, root)
        product = await info.context.loaders.product_by_id.load(root.subject_id)
        return product is not None and judges(viewer, product.vendor_id)

    @strawberry.field(
        description="Who reported it; null for what was submitted, if it is about you or what is "
        "yours, and if the account is gone.",
        graphql_type=ring.User | None,
    )
    async def reporter(self, root: Parent[ItemRecord], info: Info) -> UserRecord | None:
        if root.reported_by is None or is_about(info.context.viewer.require(), root):
            return None
        return await info.context.loaders.user_by_id.load(root.reported_by)

    @strawberry.field(
        description="Who works on it; null if nobody does, and unless you are staff.",
        graphql_type=ring.User | None,
    )
    async def assignee(self, root: Parent[ItemRecord], info: Info) -> UserRecord | None:
        if root.assigned_to is None:
            return None
        return await info.context.loaders.user_by_id.load(root.assigned_to)

    @connection(
        ring.ModerationDecision,
        description="What was decided about it, in order; nothing unless you are staff.",
    )
    async def decisions(
        self, root: Parent[ItemRecord], info: Info, args: PageArgs
    ) -> Page[DecisionRecord]:
        query = ListQuery(DecisionOrder.CREATED_AT, args=args)
        return await info.context.loaders.decisions_by_item.load((root.id, query))

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """Whether a record is an item's."""
        return isinstance(obj, ItemRecord)


@strawberry.type(description="What a moderator decided, once and for all. For staff.")
class ModerationDecision(Node):
    """Read off a `DecisionRecord`."""

    id: strawberry.ID = id_of("ModerationDecision")
    verdict: ModerationVerdict = strawberry.field(description="What was decided.")
    note: str | None = strawberry.field(description="Why; null where an approval says nothing.")
    created_at: datetime = strawberry.field(description="When.")

    @strawberry.field(
        description="Who decided; null if the account is gone.", graphql_type=ring.User | None
    )
    async def moderator(self, root: Parent[DecisionRecord], info: Info) -> UserRecord | None:
        return await info.context.loaders.user_by_id.load(root.moderator_id)

    @strawberry.field(
        description="What it is a decision about.", graphql_type=ModerationItem | None
    )
    async def item(self, root: Parent[DecisionRecord], info: Info) -> ItemRecord | None:
        return await info.context.loaders.moderation_item_by_id.load(root.item_id)

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """Whether a record is a decision's."""
        return isinstance(obj, DecisionRecord)
