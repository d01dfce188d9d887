"""Two people talk to each other through the demo, each in a real browser."""

from typing import Literal

import pytest
from playwright.async_api import expect

from tests.accounts.operations import REVOKE_ALL
from tests.demo.conftest import Window


async def test_two_people_talk(windows: tuple[Window, Window]) -> None:
    ada, lucas = windows
    await ada.sign_in()
    await lucas.sign_in()
    await ada.row.click()

    # An unread badge counts what Lucas has not opened yet; he is mentioned in the second.
    await ada.say("Good morning!")
    await ada.say("Are you there, @Lucas Meyer?")
    await expect(ada.message("Are you there")).to_be_visible()
    await expect(lucas.row.locator(".badge:not(.badge-mention)")).to_have_text("2 unread")
    await expect(lucas.row.locator(".badge-mention")).to_be_visible()
    await lucas.row.click()
    await expect(lucas.message("Good morning!")).to_have_count(1)
    await expect(lucas.row.locator(".badge")).to_have_count(0)
    await expect(ada.message("Are you there")).to_contain_text("Read by Lucas Meyer")

    await lucas.composer.press_sequentially("I am")
    await expect(ada.tab.locator(".typing")).to_have_text("Lucas Meyer is typing …")
    await lucas.say("I am, and so is the clay.")
    await expect(ada.message("so is the clay")).to_be_visible()
    await expect(ada.tab.locator(".typing")).to_be_empty()

    theirs = ada.message("so is the clay")
    await theirs.hover()
    await theirs.get_by_role("button", name="React with 🎉").click()
    await expect(lucas.message("so is the clay").locator(".reaction")).to_have_text("🎉 1")

    own = lucas.message("so is the clay")
    await own.hover()
    await own.get_by_role("button", name="Edit").click()
    await lucas.tab.get_by_label("Edit the message").fill("I am, and so is the kiln.")
    await lucas.tab.get_by_label("Edit the message").press("Enter")
    await expect(ada.message("so is the kiln")).to_contain_text("edited")
    await lucas.message("so is the kiln").hover()
    await lucas.message("so is the kiln").get_by_role("button", name="Delete").click()
    await expect(ada.message("This message was deleted.")).to_be_visible()
    await expect(ada.message("so is the kiln")).to_have_count(0)

    await ada.tab.get_by_role("button", name="Sign out").click()
    await expect(ada.tab.get_by_label("E-mail address")).to_be_visible()


async def test_what_is_missed_comes_once(windows: tuple[Window, Window]) -> None:
    ada, lucas = windows
    for window in windows:
        await window.sign_in()
        await window.row.click()
    await ada.say("Before")
    await expect(lucas.message("Before")).to_be_visible()

    await lucas.network.cut()
    await expect(lucas.tab.get_by_text("No connection.")).to_be_visible()
    await lucas.say("Written in the dark")
    for number in range(5):
        await ada.say(f"Missed {number}")
    await expect(ada.message("Missed 4")).to_be_visible()
    await expect(lucas.tab.locator(".unsent")).to_have_count(1)
    await lucas.network.open()

    await expect(lucas.tab.get_by_text("No connection.")).to_have_count(0)
    await expect(ada.message("Written in the dark")).to_be_visible()
    await expect(lucas.tab.locator(".unsent")).to_have_count(0)
    said = ["Before", *(f"Missed {number}" for number in range(5)), "Written in the dark"]
    for window in windows:
        await expect(window.tab.locator("li[id].message .text")).to_have_text(said)
    # Asking for what cannot be reached is all that the window may complain of.
    assert all("ERR_CONNECTION" in complaint for complaint in lucas.complaints)
    lucas.complaints.clear()


async def test_what_is_unsent_survives_another_conversation(windows: tuple[Window, Window]) -> None:
    ada, lucas = windows
    for window in windows:
        await window.sign_in()
    await lucas.row.click()
    await ada.row.click()
    await expect(ada.composer).to_be_visible()

    await ada.network.cut()
    await ada.say("Kept")
    await ada.tab.go_back()
    await expect(ada.composer).to_have_count(0)
    await ada.network.open()

    await expect(lucas.message("Kept")).to_have_count(1)
    ada.complaints.clear()


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (1200, "light")])
async def test_everybody_can_use_it(
    width: int, scheme: Literal["light", "dark"], windows: tuple[Window, Window]
) -> None:
    ada, _ = windows
    await ada.tab.set_viewport_size({"width": width, "height": 700})
    await ada.tab.emulate_media(color_scheme=scheme)
    await ada.tab.goto(ada.url)
    await ada.tab.get_by_label("E-mail address").wait_for()
    assert await ada.violations() == []
    await ada.sign_in()
    await ada.row.wait_for()
    assert await ada.violations() == []

    # By the keyboard alone: into the group, a message, and what may be done with it.
    await ada.row.focus()
    await ada.tab.keyboard.press("Enter")
    await expect(ada.composer).to_be_focused()
    await ada.tab.keyboard.type("Good morning!")
    await ada.tab.keyboard.press("Enter")
    actions = ada.message("Good morning!").first.get_by_role("button", name="Message actions")
    await actions.focus()
    await ada.tab.keyboard.press("Enter")
    react = ada.message("Good morning!").get_by_role("button", name="React with 👍")
    await expect(react).to_be_visible()
    assert await ada.violations() == []
    await react.focus()
    await ada.tab.keyboard.press("Enter")
    await expect(ada.message("Good morning!").locator(".reaction")).to_have_text("👍 1")
    if width == 320:
        await ada.tab.get_by_role("button", name="More").click()
    await ada.tab.get_by_role("button", name="Members").click()
    await expect(ada.tab.get_by_role("complementary", name="Members")).to_be_visible()
    assert await ada.violations() == []
    close = ada.tab.get_by_role("button", name="Close the members")
    await close.focus()
    await ada.tab.keyboard.press("Enter")

    # Into a thread and back to where one was; a window over the page, and back.
    await actions.focus()
    await ada.tab.keyboard.press("Enter")
    await ada.message("Good morning!").get_by_role("button", name="Thread").focus()
    await ada.tab.keyboard.press("Enter")
    await expect(ada.tab.get_by_label("Reply in the thread")).to_be_focused()
    await ada.tab.keyboard.type("To you, too")
    await ada.tab.keyboard.press("Enter")
    await expect(ada.thread).to_contain_text("To you, too")
    assert await ada.violations() == []
    await ada.tab.keyboard.press("Escape")
    await expect(actions).to_be_focused()
    await ada.composer.focus()
    await ada.tab.keyboard.type("Later")
    await ada.tab.keyboard.press("Tab")
    await expect(ada.tab.get_by_role("button", name="Send later")).to_be_focused()
    await ada.tab.keyboard.press("Enter")
    await expect(ada.tab.get_by_role("dialog", name="Send later")).to_be_visible()
    assert await ada.violations() == []
    await ada.tab.keyboard.press("Escape")
    await expect(ada.tab.get_by_role("button", name="Send later")).to_be_focused()
    wide = await ada.tab.evaluate("document.documentElement.scrollWidth")
    assert wide <= width


async def test_an_ended_session_signs_out(windows: tuple[Window, Window]) -> None:
    ada, _ = windows
    await ada.sign_in()
    await ada.row.click()
    await expect(ada.composer).to_be_visible()

    await ada.person.client.mutate(REVOKE_ALL, others=False)

    await expect(ada.tab.get_by_label("E-mail address")).to_be_visible()
    assert await ada.tab.evaluate("sessionStorage.length") == 0
    # It asked once more, and was refused.
    assert all("401" in complaint for complaint in ada.complaints)
    ada.complaints.clear()
