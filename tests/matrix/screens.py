"""The screens of a client: what each shows, which stream keeps it true, and by which rules."""

from functools import partial

from tests.client import Json
from tests.matrix.device import Cache, Ref, Screen

SHOWN = 20  # items of a list that a device compares; it holds more

_PERSON = "id name username profileImageUrl role isActive"
_TALK = """id title summary tags context metadata messageCount totalTokens lastActivityAt
  unreadCount unreadMentionCount isArchived isMuted mutedUntil isPinned lastMessage { id text }"""
_MESSAGE = """id number text deleted editedAt isPinned replyCount
  attachments { type } sender { id name } threadRoot { id replyCount }
  mentions(first: 9) { nodes { id } } reactions { emoji count viewerHasReacted }"""
_GROUP = """id name description visibility joinPolicy deletedAt memberCount viewerCanManage
  product { id } parent { id name } owner { id } viewerMembership { role }
  children(first: 9) { nodes { id name } }
  invitations(first: 20) { nodes { id state expiresAt user { id } } }
  invitationLinks(first: 20) { nodes { id uses maxUses expiresAt } }"""
_MEMBER = "role user { id name }"
_PRODUCT = """id title description cause mrp sellingPrice productUrl publishingStatus createdAt
  deletedAt remarks viewerCanUpdate media { url }"""
_ITEM = """id status reason priority isEscalated viewerCanDecide resolvedAt createdAt
  assignee { id } decisions(first: 9) { nodes { id verdict note } }"""
_LATER = "id text attachments { type } metadata sendAt state failure"
_VIEWER = f"""{_PERSON} status subscriptionTier personal {{ city contactNumber }}
  sessions(first: 50) {{ nodes {{ id deviceName }} }}"""
_INVITATIONS = "invitations(first: 50) { nodes { id state group { id name } } }"
_PREFERENCES = "version chatTheme language preferredModel temperature custom"


def conversation(talk: str, after: str) -> Screen:
    """One that is open: its messages, who has read them, who takes part, what is pinned."""
    changed = f"message {{ {_MESSAGE} }}"
    events = f"""__typename conversation {{ {_TALK} }}
      ... on MessageSent {{ {changed} }} ... on MessageEdited {{ {changed} }}
      ... on MessageDeleted {{ {changed} }} ... on ReactionChanged {{ {changed} }}
      ... on PinChanged {{ isPinned {changed} }}
      ... on ReceiptChanged {{ messageNumber user {{ id }} }}
      ... on MembersChanged {{ added {{ {_PERSON} }} removed {{ id }} }}"""
    return Screen(
        f"""conversation(id: "{talk}") {{ {_TALK}
          messages(last: 20) {{ nodes {{ {_MESSAGE} readBy(first: 20) {{ nodes {{ id }} }} }} }}
          participants(first: 20) {{ nodes {{ id name }} }}
          pinnedMessages(first: 20) {{ nodes {{ id }} }} }}""",
        f'conversationEvents(conversationId: "{talk}", after: "{after}") {{ {events} }}',
        _hear_conversation,
    )


def _hear_conversation(cache: Cache, event: Json) -> None:
    if event["conversation"] is None:
        cache.roots["conversation"] = None
        return
    shown = cache.objects[event["conversation"]["id"]]
    messages, people = shown["messages"]["nodes"], shown["participants"]["nodes"]
    match event["__typename"]:
        case "MessageSent":
            message = Ref(event["message"]["id"])
            if message not in messages:
                messages.append(message)
            cache.objects[message.id].setdefault("readBy", {"nodes": []})
            sender = event["message"]["sender"]
            _read(cache, messages, sender["id"], event["message"]["number"])
        case "ReceiptChanged":
            _read(cache, messages, event["user"]["id"], event["messageNumber"])
        case "PinChanged" | "MessageDeleted":
            pinned, message = shown["pinnedMessages"]["nodes"], Ref(event["message"]["id"])
            _place(pinned, message, there=event.get("isPinned", False))
        case "MembersChanged":
            for come in event["added"]:
                _place(people, Ref(come["id"]), there=True, at=len(people))
            readers = (cache.objects[message.id]["readBy"]["nodes"] for message in messages)
            for where in (people, *readers):
                for gone in event["removed"]:
                    _place(where, Ref(gone["id"]), there=False)


def _read(cache: Cache, messages: list[Ref], reader: str, number: int) -> None:
    for message in messages:
        known = cache.objects[message.id]
        if known["number"] <= number:
            readers = known["readBy"]["nodes"]
            _place(readers, Ref(reader), there=True, at=len(readers))


def _place(items: list[Ref], item: Ref, *, there: bool, at: int = 0) -> None:
    """Let a list have an item once, or not at all."""
    if there and item not in items:
        items.insert(at, item)
    if not there and item in items:
        items.remove(item)


def inbox() -> Screen:
    """All conversations, the last active first."""
    return Screen(
        f"conversations(first: 50) {{ nodes {{ {_TALK} }} }}",
        f"inbox {{ conversationId conversation {{ {_TALK} }} }}",
        partial(
            _hear_of,
            name="inbox",
            field="conversation",
            key="conversationId",
            order="lastActivityAt",
        ),
        length=SHOWN,
    )


def products(after: str) -> Screen:
    """One's own products, the newest first."""
    return Screen(
        f"viewer {{ id products(first: 50) {{ nodes {{ {_PRODUCT} }} }} }}",
        f'productEvents(after: "{after}") {{ productId product {{ {_PRODUCT} }} }}',
        _hear_product,
    )


def _hear_product(cache: Cache, event: Json) -> None:
    page = cache.objects[cache.roots["products"].id]["products"]["nodes"]
    product = event["product"]
    _place(page, Ref(event["productId"]), there=product is not None and not product["deletedAt"])


def product(key: str, after: str) -> Screen:
    """One product's page."""
    return Screen(
        f'product(id: "{key}") {{ {_PRODUCT} }}',
        f'productEvents(productId: "{key}", after: "{after}") {{ product {{ {_PRODUCT} }} }}',
        _hear_page,
    )


def queue(after: str) -> Screen:
    """The moderation queue, the newest first."""
    order = "orderBy: {field: CREATED_AT, direction: DESC}"
    return Screen(
        f"moderationItems(first: 50, {order}) {{ nodes {{ {_ITEM} }} }}",
        f'moderationEvents(after: "{after}") {{ item {{ {_ITEM} }} }}',
        partial(_hear_of, name="queue", field="item", key="id", order="createdAt"),
        length=SHOWN,
    )


def _hear_of(cache: Cache, event: Json, *, name: str, field: str, key: str, order: str) -> None:
    """Let a list have what is there and not what is gone, the latest first."""
    page, item = cache.roots[name]["nodes"], event[field]
    _place(page, Ref((event if key in event else item)[key]), there=item is not None)
    page.sort(key=lambda ref: cache.objects[ref.id][order], reverse=True)


def _hear_page(cache: Cache, event: Json) -> None:
    if event["product"] is None:
        cache.roots["product"] = None


def group(key: str, after: str) -> Screen:
    """A group's page, with who belongs to it."""
    return Screen(
        f'group(id: "{key}") {{ {_GROUP} members(first: 20) {{ nodes {{ {_MEMBER} }} }} }}',
        f"""groupEvents(groupId: "{key}", after: "{after}") {{
          kind user {{ id }} member {{ {_MEMBER} }} group {{ {_GROUP} }} }}""",
        _hear_group,
    )


def _hear_group(cache: Cache, event: Json) -> None:
    if event["group"] is None:
        cache.roots["group"] = None
    elif event["kind"].startswith("MEMBER_"):
        members = cache.objects[event["group"]["id"]]["members"]["nodes"]
        user, now = Ref(event["user"]["id"]), event["member"]
        place = next((i for i, known in enumerate(members) if known["user"] == user), None)
        if place is None and now is not None:
            members.append(cache.put(now))
        elif place is not None:
            members[place : place + 1] = [] if now is None else [cache.put(now)]


def later(after: str) -> Screen:
    """What is still to be sent, by its time."""
    return Screen(
        f"viewer {{ id scheduledMessages(first: 100) {{ nodes {{ {_LATER} }} }} }}",
        f'scheduledMessageEvents(after: "{after}") {{ scheduledMessage {{ {_LATER} }} }}',
        _hear_later,
    )


def _hear_later(cache: Cache, event: Json) -> None:
    page = cache.objects[cache.roots["later"].id]["scheduledMessages"]["nodes"]
    message = event["scheduledMessage"]
    there = message["state"] not in ("SENT", "CANCELLED")
    _place(page, Ref(message["id"]), there=there)
    page.sort(key=lambda ref: (cache.objects[ref.id]["sendAt"], ref.id))


def viewer() -> Screen:
    """One's own account."""
    asked = f"viewer {{ {_VIEWER} }}"
    return Screen(asked, f"viewerChanged {{ {asked} }}", _nothing, speaks_first=True)


def invitations() -> Screen:
    """To which groups one is invited."""
    asked = f"viewer {{ id {_INVITATIONS} }}"
    return Screen(asked, f"groupInvitations {{ {asked} }}", _nothing, speaks_first=True)


def preferences() -> Screen:
    """How one wants clients to behave."""
    return Screen(
        f"viewer {{ id preferences {{ {_PREFERENCES} }} }}",
        f"preferencesChanged {{ preferences {{ {_PREFERENCES} }} }}",
        _hear_preferences,
        speaks_first=True,
    )


def _hear_preferences(cache: Cache, event: Json) -> None:
    if "preferences" in cache.roots:
        cache.objects[cache.roots["preferences"].id]["preferences"] = event["preferences"]


def people(ids: list[str]) -> Screen:
    """Others, as everybody sees them."""
    quoted = ", ".join(f'"{i}"' for i in ids)
    return Screen(
        f"nodes(ids: [{quoted}]) {{ ... on User {{ {_PERSON} }} }}",
        f"presence(userIds: [{quoted}]) {{ changed {{ {_PERSON} }} }}",
        _nothing,
        speaks_first=True,
    )


def _nothing(_cache: Cache, _event: Json) -> None:
    """Objects are merged already, and no list is another one."""
