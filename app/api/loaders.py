"""Every dataloader of an operation: keys of one tick become one store command."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Sequence
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID

from app.api.loader import DataLoader
from app.audit import queries as audit
from app.audit.queries import ChangeRecord, Trails
from app.cache import reads as cached
from app.chat import assistants
from app.chat import message_queries as of_messages
from app.chat import queries as chat
from app.chat.log import ConversationRecord, LogEntry, MemberState, Reaction
from app.groups import invitations
from app.groups import queries as groups
from app.groups.invitations import InvitationRecord, LinkRecord
from app.groups.queries import GroupRecord, MemberRecord
from app.moderation import queries as moderation
from app.moderation.models import ModerationVerdict
from app.moderation.queries import DecisionRecord, ItemRecord
from app.paging import ListQuery, Page, PageArgs
from app.presence.queries import Sight, sights_of_users
from app.products import queries as products
from app.products.queries import ProductRecord
from app.scheduled import queries as scheduled
from app.scheduled.queries import ScheduledRecord
from app.services import Services
from app.usage import queries as usage
from app.usage.queries import MonthRecord, UsageRecord
from app.users import details, sessions
from app.users import queries as users
from app.users.details import PersonalDetails
from app.users.preferences import PreferencesRecord, preferences_by_users
from app.users.queries import UserRecord
from app.users.sessions import SessionRecord
from app.viewer import Viewer

K = TypeVar("K", bound=Hashable)
P = TypeVar("P", bound=Hashable)
Q = TypeVar("Q", bound=Hashable)
V = TypeVar("V")


class Loaders:
    """One operation's loaders, bound to its viewer; a missing or invisible key gives None."""

    def __init__(self, viewer: Viewer, services: Services) -> None:
        self._viewer = viewer
        self._services = services

    def forget(self) -> None:
        """Read anew whatever is asked for from now on."""
        for name in [name for name in vars(self) if not name.startswith("_")]:
            delattr(self, name)

    # -- users

    @cached_property
    def user_by_id(self) -> DataLoader[int, UserRecord | None]:
        """By number."""
        if self._services.cached is not None:
            return self._one(cached.users_by_ids, self._services.cached)
        return self._one(users.users_by_ids, self._services.auth)

    @cached_property
    def user_by_public_id(self) -> DataLoader[UUID, UserRecord | None]:
        """By public id."""
        return self._one(users.users_by_public_ids, self._services.auth)

    @cached_property
    def personal_details(self) -> DataLoader[int, PersonalDetails | None]:
        """By user number."""
        return self._one(details.personal_details_by_ids, self._services.accounts)

    @cached_property
    def preferences(self) -> DataLoader[int, PreferencesRecord | None]:
        """The viewer's own, by user number."""
        return self._one(preferences_by_users, self._services.auth)

    @cached_property
    def sight(self) -> DataLoader[int, Sight]:
        """Whether somebody is online, as far as the viewer may see it, by user number."""
        return self._one(sights_of_users, self._services)

    # -- the audit

    @cached_property
    def change_by_id(self) -> DataLoader[UUID, ChangeRecord | None]:
        """By the change's id."""
        trails = Trails(self._services.main, self._services.auth)
        return self._one(audit.changes_by_ids, trails)

    @cached_property
    def session_by_id(self) -> DataLoader[UUID, SessionRecord | None]:
        """The viewer's own, by session id."""
        return self._one(sessions.sessions_by_ids, self._services.auth)

    @cached_property
    def sessions_by_user(self) -> DataLoader[tuple[int, ListQuery], Page[SessionRecord]]:
        """The viewer's own, by user and page."""
        return self._pages(sessions.sessions_by_users, self._services.auth)

    # -- usage

    @cached_property
    def usage_by_user(self) -> DataLoader[int, UsageRecord | None]:
        """By user number; the viewer's own, an admin's everybody's."""
        return self._one(usage.usage_by_users, self._services.main)

    @cached_property
    def months_by_user(self) -> DataLoader[tuple[int, ListQuery], Page[MonthRecord]]:
        """By user and page."""
        return self._pages(usage.months_by_users, self._services.main)

    # -- products

    @cached_property
    def product_by_id(self) -> DataLoader[str, ProductRecord | None]:
        """By product id."""
        if self._services.cached is not None:
            return self._one(cached.products_by_ids, self._services.cached)
        return self._one(products.products_by_ids, self._services.main)

    @cached_property
    def products_by_vendor(self) -> DataLoader[tuple[int, ListQuery], Page[ProductRecord]]:
        """By vendor and page."""
        return self._pages(products.products_by_vendors, self._services.main)

    # -- moderation

    @cached_property
    def moderation_item_by_id(self) -> DataLoader[UUID, ItemRecord | None]:
        """By item id."""
        return self._one(moderation.items_by_ids, self._services.main)

    @cached_property
    def moderation_items_by_reporter(
        self,
    ) -> DataLoader[tuple[int, ListQuery], Page[ItemRecord]]:
        """The viewer's own reports, by user and page."""
        return self._pages(moderation.items_by_reporters, self._services.main)

    @cached_property
    def verdict_by_item(self) -> DataLoader[UUID, ModerationVerdict | None]:
        """What was decided last, by item."""
        return self._one(moderation.verdicts_by_items, self._services.main)

    @cached_property
    def moderation_decision_by_id(self) -> DataLoader[UUID, DecisionRecord | None]:
        """By decision id."""
        return self._one(moderation.decisions_by_ids, self._services.main)

    @cached_property
    def decisions_by_item(self) -> DataLoader[tuple[UUID, ListQuery], Page[DecisionRecord]]:
        """By item and page."""
        return self._pages(moderation.decisions_by_items, self._services.main)

    # -- groups

    @cached_property
    def group_by_id(self) -> DataLoader[UUID, GroupRecord | None]:
        """By group id."""
        return self._one(groups.groups_by_ids, self._services.main)

    @cached_property
    def groups_by_product(self) -> DataLoader[tuple[str, ListQuery], Page[GroupRecord]]:
        """By product and page."""
        return self._pages(groups.groups_by_products, self._services.main)

    @cached_property
    def groups_by_member(self) -> DataLoader[tuple[int, ListQuery], Page[GroupRecord]]:
        """By member and page."""
        return self._pages(groups.groups_by_members, self._services.main)

    @cached_property
    def groups_by_parent(self) -> DataLoader[tuple[UUID, ListQuery], Page[GroupRecord]]:
        """By parent group and page."""
        return self._pages(groups.groups_by_parents, self._services.main)

    @cached_property
    def members_by_group(self) -> DataLoader[tuple[UUID, ListQuery], Page[MemberRecord]]:
        """By group and page."""
        return self._pages(groups.members_by_groups, self._services.main)

    @cached_property
    def member_count(self) -> DataLoader[UUID, int]:
        """How many members a group has."""
        return self._one(groups.member_counts, self._services.main)

    @cached_property
    def membership(self) -> DataLoader[UUID, MemberRecord | None]:
        """The viewer's own membership, by group."""
        if self._services.cached is not None:
            return self._one(cached.memberships_of_viewer, self._services.cached)
        return self._one(groups.memberships_of_viewer, self._services.main)

    @cached_property
    def membership_of_user(self) -> DataLoader[tuple[UUID, int], MemberRecord | None]:
        """Anybody's membership, by group and user."""
        return self._one(groups.memberships, self._services.main)

    @cached_property
    def member_ids(self) -> DataLoader[UUID, Sequence[int]]:
        """The numbers of who belongs to a group."""
        return self._one(groups.member_ids, self._services.main)

    @cached_property
    def invitation_by_id(self) -> DataLoader[UUID, InvitationRecord | None]:
        """By invitation id."""
        return self._one(invitations.invitations_by_ids, self._services.main)

    @cached_property
    def invitations_by_user(self) -> DataLoader[tuple[int, ListQuery], Page[InvitationRecord]]:
        """The viewer's own, by user and page."""
        return self._pages(invitations.invitations_by_users, self._services.main)

    @cached_property
    def invitations_by_group(self) -> DataLoader[tuple[UUID, ListQuery], Page[InvitationRecord]]:
        """By group and page."""
        return self._pages(invitations.invitations_by_groups, self._services.main)

    @cached_property
    def link_by_id(self) -> DataLoader[UUID, LinkRecord | None]:
        """By link id."""
        return self._one(invitations.links_by_ids, self._services.main)

    @cached_property
    def links_by_group(self) -> DataLoader[tuple[UUID, ListQuery], Page[LinkRecord]]:
        """By group and page."""
        return self._pages(invitations.links_by_groups, self._services.main)

    # -- conversations and messages

    @cached_property
    def conversation_by_id(self) -> DataLoader[UUID, ConversationRecord | None]:
        """By conversation id."""
        return self._one(chat.conversations_by_ids, self._services.chat)

    @cached_property
    def message_by_id(self) -> DataLoader[UUID, LogEntry | None]:
        """By message id."""
        return self._one(chat.messages_by_ids, self._services.chat)

    @cached_property
    def shown_message_by_id(self) -> DataLoader[UUID, LogEntry | None]:
        """By message id, of a conversation that the viewer was shown."""
        return self._one(of_messages.shown_messages, self._services.chat)

    @cached_property
    def messages_by_conversation(
        self,
    ) -> DataLoader[tuple[ConversationRecord, PageArgs], Page[LogEntry]]:
        """By conversation and window."""
        return self._pages(chat.messages_by_conversations, self._services.chat)

    @cached_property
    def member_state(self) -> DataLoader[UUID, MemberState]:
        """What is the viewer's own of a conversation."""
        return self._one(chat.member_states, self._services.chat)

    @cached_property
    def assistant_preferences(self) -> DataLoader[ConversationRecord, PreferencesRecord | None]:
        """How whoever started a conversation with an assistant wants to be answered."""
        return self._one(assistants.preferences_by_conversations, self._services.auth)

    @cached_property
    def receipts(self) -> DataLoader[UUID, Sequence[tuple[int, int]]]:
        """Pairs of user and last message read, by conversation."""
        return self._one(chat.receipts_by_conversations, self._services.chat)

    @cached_property
    def replies_by_message(self) -> DataLoader[tuple[LogEntry, PageArgs], Page[LogEntry]]:
        """By the message that began the thread, and window."""
        return self._pages(of_messages.replies_by_messages, self._services.chat)

    @cached_property
    def edits_by_message(self) -> DataLoader[tuple[LogEntry, PageArgs], Page[LogEntry]]:
        """By message and window."""
        return self._pages(of_messages.edits_by_messages, self._services.chat)

    @cached_property
    def reactions_by_message(self) -> DataLoader[LogEntry, list[Reaction]]:
        """By message."""
        return self._one(of_messages.reactions_by_messages, self._services.chat)

    @cached_property
    def users_by_reaction(self) -> DataLoader[tuple[Reaction, PageArgs], Page[int]]:
        """Numbers of users, by reaction and window."""
        return self._pages(of_messages.users_by_reactions, self._services.chat)

    @cached_property
    def pins_by_conversation(self) -> DataLoader[UUID, list[tuple[int, UUID]]]:
        """Pairs of place and pinned message, by conversation."""
        return self._one(of_messages.pins_by_conversations, self._services.chat)

    @cached_property
    def unread_mentions(self) -> DataLoader[UUID, int]:
        """How many unread messages mention the viewer, by conversation."""
        return self._one(of_messages.unread_mentions_by_conversations, self._services.chat)

    @cached_property
    def scheduled_message_by_id(self) -> DataLoader[UUID, ScheduledRecord | None]:
        """The viewer's own, by id."""
        return self._one(scheduled.scheduled_by_ids, self._services.main)

    @cached_property
    def scheduled_by_sender(self) -> DataLoader[tuple[int, ListQuery], Page[ScheduledRecord]]:
        """The viewer's own, by user and page."""
        return self._pages(scheduled.scheduled_by_senders, self._services.main)

    # -- how a loader is made

    def _one(
        self, read: Callable[[Any, Viewer, Sequence[K]], Awaitable[list[V]]], store: Any
    ) -> DataLoader[K, V]:
        async def load(keys: list[K]) -> list[V]:
            return await read(store, self._viewer, keys)

        return DataLoader(load)

    def _pages(
        self,
        read: Callable[[Any, Viewer, Sequence[P], Q], Awaitable[list[Page[V]]]],
        store: Any,
    ) -> DataLoader[tuple[P, Q], Page[V]]:
        async def load(keys: list[tuple[P, Q]]) -> list[Page[V]]:
            # One command for each way of asking; a field asks all its parents the same way.
            parents: dict[Q, list[P]] = defaultdict(list)
            for parent, query in keys:
                parents[query].append(parent)
            found: dict[tuple[P, Q], Page[V]] = {}
            for query, asked in parents.items():
                pages = await read(store, self._viewer, asked, query)
                found |= {(p, query): page for p, page in zip(asked, pages, strict=True)}
            return [found[key] for key in keys]

        return DataLoader(load)
