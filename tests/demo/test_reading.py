"""What was said before: threads beside the conversation, pins, edits, and a long way up."""

from playwright.async_api import expect

from tests.accounts.conftest import Desk
from tests.demo.conftest import Window


async def test_a_thread_beside_the_conversation(windows: tuple[Window, Window]) -> None:
    ada, lucas = windows
    for window in windows:
        await window.sign_in()
        await window.row.click()
    await ada.say("Who has the key?")

    await lucas.act("Who has the key?", "Thread")
    reply = lucas.tab.get_by_label("Reply in the thread")
    await expect(reply).to_be_focused()
    await reply.fill("I have.")
    await reply.press("Enter")
    await expect(lucas.thread.locator(".message .text")).to_have_text(
        ["Who has the key?", "I have."]
    )
    # It is no news that is kept from the others.
    await expect(ada.message("I have.")).to_contain_text("Who has the key?")

    await ada.message("Who has the key?").get_by_role("button", name="1 reply").click()
    await expect(ada.thread.locator(".message .text")).to_have_text(["Who has the key?", "I have."])
    await ada.tab.get_by_label("Reply in the thread").fill("Bring it, please.")
    await ada.tab.get_by_label("Reply in the thread").press("Enter")
    await expect(lucas.thread).to_contain_text("Bring it, please.")
    await expect(
        lucas.message("Who has the key?").get_by_role("button", name="2 replies")
    ).to_be_visible()

    await reply.press("Escape")
    await expect(lucas.thread).to_have_count(0)
    await expect(lucas.tab.locator(".channel")).to_be_visible()


async def test_pins_and_what_a_message_said_before(windows: tuple[Window, Window]) -> None:
    ada, lucas = windows
    for window in windows:
        await window.sign_in()
        await window.row.click()
    await ada.say("We meet on Tuesday.")
    await expect(lucas.message("We meet on Tuesday.")).to_be_visible()

    await ada.act("We meet on Tuesday.", "Edit")
    await ada.tab.get_by_label("Edit the message").fill("We meet on Thursday.")
    await ada.tab.get_by_label("Edit the message").press("Enter")
    await lucas.message("We meet on Thursday.").get_by_role("button", name="edited").click()
    history = lucas.tab.get_by_role("dialog", name="What it said before")
    await expect(history).to_contain_text("We meet on Tuesday.")
    await lucas.tab.keyboard.press("Escape")
    await expect(history).to_have_count(0)

    # Ada owns the group; Lucas may not pin, and is not offered to.
    await ada.act("We meet on Thursday.", "Pin")
    await expect(lucas.tab.get_by_text("1 pinned message")).to_be_visible()
    await lucas.message("We meet on Thursday.").hover()
    await expect(lucas.tab.get_by_role("button", name="Pin", exact=True)).to_have_count(0)
    await ada.act("We meet on Thursday.", "Unpin")
    await expect(lucas.tab.get_by_text("1 pinned message")).to_have_count(0)


async def test_a_long_way_up(windows: tuple[Window, Window], desk: Desk) -> None:
    ada, _ = windows
    await ada.sign_in()
    await ada.row.click()
    await expect(ada.composer).to_be_visible()
    await ada.say("The first of all")
    await ada.act("The first of all", "Pin")
    await expect(ada.tab.get_by_text("1 pinned message")).to_be_visible()
    await desk.world.say(ada.person, ada.room, *(f"Number {number}" for number in range(2, 160)))
    await expect(ada.message("Number 159")).to_be_in_viewport()

    # Anew, it begins with a screenful; what comes above leaves what one reads where it is.
    await ada.tab.reload()
    await expect(ada.message("Number 159")).to_be_in_viewport()
    await expect(ada.tab.locator("li[id].message")).to_have_count(40)
    place = "document.getElementById('m130').getBoundingClientRect().top"
    await ada.message("Number 130").scroll_into_view_if_needed()
    before = await ada.tab.evaluate(place)
    await expect(ada.tab.locator("li[id].message")).to_have_count(140)
    assert abs(await ada.tab.evaluate(place) - before) < 3

    # A pinned message is shown, however far up it is.
    await ada.tab.get_by_text("1 pinned message").click()
    await ada.tab.get_by_role("button", name="The first of all").click()
    await expect(ada.message("The first of all")).to_be_in_viewport()
    # Whoever says something looks where it is said.
    await ada.say("Far down")
    await expect(ada.message("Far down")).to_be_in_viewport()


async def test_a_message_that_is_found_is_shown(windows: tuple[Window, Window], desk: Desk) -> None:
    ada, lucas = windows
    await ada.sign_in()
    await ada.row.click()
    await expect(ada.composer).to_be_visible()
    words = ("A celadon glaze", *(f"Number {number}" for number in range(60)))
    await desk.world.say(lucas.person, ada.room, *words)
    await ada.tab.go_back()

    await ada.tab.get_by_label("Search people and messages").fill("celadon")
    await ada.tab.get_by_role("button", name="A celadon glaze").click()

    await expect(ada.message("A celadon glaze")).to_be_in_viewport()
