"""The inbox: as long as it is, who is there, and what is begun from it."""

from uuid import uuid4

from playwright.async_api import expect

from tests.accounts.conftest import Desk
from tests.demo.conftest import Window

OPEN_GROUP = """mutation($name: String!, $key: String!) {
  groupCreate(input: {name: $name, joinPolicy: OPEN, clientKey: $key}) {
    group { id } errors { code field message } } }"""


async def test_a_long_inbox_is_shown_to_its_end(windows: tuple[Window, Window], desk: Desk) -> None:
    ada, _ = windows
    for number in range(34):
        await desk.world.group(ada.person, name=f"Group {number}")
    await ada.sign_in()
    rows = ada.tab.locator(".inbox .row")
    await expect(rows).to_have_count(30)

    # The button at its end is pressed by being seen.
    await rows.last.hover()
    await ada.tab.mouse.wheel(0, 10_000)

    await expect(rows).to_have_count(35)
    await expect(ada.tab.get_by_role("button", name="Show more")).to_have_count(0)
    # What happens in the last comes to the top.
    await ada.row.click()
    await ada.say("Good morning!")
    await expect(rows.first).to_contain_text("Good morning!")
    await expect(rows).to_have_count(35)


async def test_somebody_is_chosen_to_talk_to_and_seen_to_be_there(
    windows: tuple[Window, Window],
) -> None:
    ada, lucas = windows
    await ada.sign_in()
    await ada.tab.get_by_role("button", name="New conversation").click()
    window = ada.tab.get_by_role("dialog", name="New conversation")
    await window.get_by_label("A person or a group").fill("Lucas M")
    await expect(window.get_by_role("button", name="Lucas Meyer").first).to_be_visible()
    assert await ada.violations() == []
    # Other tests' people are called so, too; the last to come is the first.
    await window.get_by_role("button", name="Lucas Meyer").first.click()
    await expect(window).to_have_count(0)
    await expect(ada.tab.get_by_role("heading", name="Lucas Meyer")).to_be_visible()
    await ada.say("Only for you")

    row = ada.tab.locator(".inbox .row", has_text="Lucas Meyer")
    await expect(row.get_by_label("online")).to_have_count(0)
    await lucas.sign_in()
    await expect(lucas.tab.locator(".row", has_text="Only for you")).to_be_visible()
    await expect(row.get_by_label("online")).to_be_visible()
    await expect(ada.tab.locator(".heading")).to_contain_text("Online")
    await lucas.tab.get_by_role("button", name="Sign out").click()
    await expect(row.get_by_label("online")).to_have_count(0)


async def test_an_open_group_is_joined(windows: tuple[Window, Window]) -> None:
    ada, lucas = windows
    name = f"Raku {uuid4().hex}"
    await lucas.person.client.mutate(OPEN_GROUP, name=name, key=uuid4().hex)
    await ada.sign_in()
    await ada.tab.get_by_role("button", name="New conversation").click()
    await ada.tab.get_by_label("A person or a group").fill(name)
    await ada.tab.get_by_role("button", name=name).click()

    await expect(ada.tab.get_by_role("heading", name=name)).to_be_visible()
    await ada.say("Hello, I am new here.")
    await expect(ada.message("Hello, I am new here.")).to_be_visible()
    await expect(ada.tab.locator(".heading")).to_contain_text("2 members")
