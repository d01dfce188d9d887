"""A client key that was forgotten is a new one: what it says is done, and in both stores."""

from typing import Any

from sqlalchemy import text

from app.api.ids import uuid_of
from app.services import Services
from tests.chat import operations as chat
from tests.chat.test_replay import agree
from tests.factories import MEMBER_ADD, MEMBER_REMOVE, SEND, World

TAG = """mutation($id: ID!, $tag: String!, $key: String!) {
  conversationUpdate(conversationId: $id, input: {tags: [$tag], clientKey: $key}) {
    conversation { tags } errors { code } } }"""


async def forget(services: Services) -> None:
    async with services.main.begin() as tx:
        await tx.execute(text("DELETE FROM client_requests"))


async def test_a_change_is_made_again(world: World, services: Services) -> None:
    ada, ben = await world.users(2)
    talk = await world.direct(ada, ben)
    one, other = await world.say(ada, talk, "one", "other")
    first: dict[str, Any] = {"id": one["id"], "key": "k"}
    undone: dict[str, Any] = {"id": one["id"], "key": "undo"}
    await ada.client.mutate(chat.REACT, emoji="🎉", **first)
    await ada.client.mutate(chat.UNREACT, emoji="🎉", **undone)
    await ada.client.mutate(chat.PIN, **first)
    await ada.client.mutate(chat.UNPIN, **undone)
    await ada.client.mutate(chat.EDIT, text="edited", **first)
    await ada.client.mutate(TAG, id=talk, tag="first", key="k")
    await ada.client.mutate(TAG, id=talk, tag="second", key="other")
    await forget(services)

    again = await ada.client.mutate(chat.REACT, emoji="🎉", **first)
    assert [reaction["count"] for reaction in again["message"]["reactions"]] == [1]
    assert (await ada.client.mutate(chat.PIN, **first))["message"]["isPinned"] is True
    edited = await ada.client.mutate(chat.EDIT, id=other["id"], text="this one", key="k")
    assert edited["message"]["text"] == "this one"
    tagged = await ada.client.mutate(TAG, id=talk, tag="first", key="k")
    assert tagged["conversation"]["tags"] == ["first"]
    await agree(services, uuid_of(talk, "Conversation", field=[]))


async def test_a_member_is_added_again(world: World, services: Services) -> None:
    ada, ben = await world.users(2)
    group = await world.group(ada)
    member = {"group": group, "user": ben.id}
    await ada.client.mutate(MEMBER_ADD, **member, key="k")
    await ada.client.mutate(MEMBER_REMOVE, **member, key="k")
    await forget(services)

    await ada.client.mutate(MEMBER_ADD, **member, key="k")
    talk = await world.conversation_of(ben, group)
    sent = await ben.client.mutate(SEND, id=talk, text="back", key="k")
    assert sent["message"]["seq"] == 5  # after the start and three changes of members


async def test_a_message_is_sent_once_for_ever(world: World, services: Services) -> None:
    ada, ben = await world.users(2)
    said = {"id": await world.direct(ada, ben), "text": "once", "key": "k"}
    first = await ada.client.mutate(SEND, **said)
    await forget(services)
    assert (await ada.client.mutate(SEND, **said))["message"]["id"] == first["message"]["id"]
