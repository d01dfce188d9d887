"""A message says what its viewer may do with it, and that is what they may do."""

from uuid import uuid4

import pytest

from app.users.models import UserRole
from tests.chat.operations import DELETE, EDIT, PIN, REACT
from tests.factories import GROUP_DELETE, Person, World

CAN = """query($id: ID!) { node(id: $id) { ... on Message {
  messageEdit: viewerCanEdit messageDelete: viewerCanDelete messagePin: viewerCanPin
  messageReactionAdd: viewerCanReact } } }"""
PROMOTE = """mutation($group: ID!, $user: ID!, $key: String!) {
  groupMemberRoleChange(groupId: $group, input: {userId: $user, role: ADMIN, clientKey: $key}) {
    errors { code } } }"""
# The delete last: nothing is allowed after it.
ACTIONS = {
    "messageEdit": EDIT,
    "messageReactionAdd": REACT,
    "messagePin": PIN,
    "messageDelete": DELETE,
}


async def agrees(viewer: Person, message: str) -> dict[str, bool]:
    """What the viewer is told that they may do, which is what they then can."""
    told: dict[str, bool] = (await viewer.client.run(CAN, id=message))["node"]
    for name, action in ACTIONS.items():
        given = {"id": message, "text": uuid4().hex, "emoji": "👍", "key": uuid4().hex}
        refused = (await viewer.client.run(action, **given))[name]["errors"]
        assert (not refused) is told[name], (name, refused)
    return told


async def people_of(world: World) -> tuple[str, str, dict[str, Person]]:
    owner, admin, member = await world.users(3)
    moderator = await world.user(UserRole.MODERATOR)
    group = await world.group(owner, admin, member, moderator)
    await owner.client.mutate(PROMOTE, group=group, user=admin.id, key=uuid4().hex)
    talk = await world.conversation_of(owner, group)
    people = {"owner": owner, "admin": admin, "member": member, "moderator": moderator}
    return group, talk, people


@pytest.mark.parametrize("who", ["owner", "admin", "member", "moderator"])
async def test_in_a_group(world: World, who: str) -> None:
    _, talk, people = await people_of(world)
    viewer, author = people[who], people["admin" if who == "member" else "member"]
    (own,) = await world.say(viewer, talk, "mine")
    (other,) = await world.say(author, talk, "not mine")
    leads = who in ("owner", "admin")

    assert await agrees(viewer, own["id"]) == {
        **dict.fromkeys(ACTIONS, True),
        "messagePin": leads,
    }
    assert await agrees(viewer, other["id"]) == {
        "messageEdit": False,
        "messageReactionAdd": True,
        "messagePin": leads,
        "messageDelete": who != "member",
    }


async def test_between_two(world: World) -> None:
    one, other = await world.users(2)
    talk = await world.direct(one, other)
    (message,) = await world.say(one, talk, "hello")
    expected = {"messageEdit": False, "messageReactionAdd": True, "messagePin": True}
    assert await agrees(other, message["id"]) == expected | {"messageDelete": False}
    assert await agrees(one, message["id"]) == dict.fromkeys(ACTIONS, True)


async def test_nothing_once_it_or_its_group_is_deleted(world: World) -> None:
    group, talk, people = await people_of(world)
    owner = people["owner"]
    gone, kept = await world.say(owner, talk, "gone", "kept")
    await owner.client.mutate(DELETE, id=gone["id"], key=uuid4().hex)
    assert (await owner.client.run(CAN, id=gone["id"]))["node"] == dict.fromkeys(ACTIONS, False)

    await owner.client.mutate(GROUP_DELETE, id=group, key=uuid4().hex)
    for person in people.values():
        assert await agrees(person, kept["id"]) == dict.fromkeys(ACTIONS, False)
