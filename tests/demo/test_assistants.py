"""An assistant, a program with a key of its own, answers in the page word by word."""

from playwright.async_api import expect

from app.users.models import UserRole
from tests.accounts.conftest import Desk
from tests.answers.operations import APPEND, FINISH, appended, keyed, started
from tests.demo.conftest import Window


async def test_an_answer_grows_and_is_one_message(
    windows: tuple[Window, Window], desk: Desk
) -> None:
    ada, _ = windows
    assistant = await desk.world.user(UserRole.SERVICE, name="Kiln helper")
    await ada.sign_in()
    await ada.tab.get_by_role("button", name="New conversation").click()
    await ada.tab.get_by_label("A person or a group").fill("Kiln h")
    await ada.tab.get_by_role("button", name="Kiln helper").click()
    await ada.say("How hot is cone 6?")
    await expect(ada.message("How hot is cone 6?")).to_be_visible()
    conversation = ada.room

    answer = await started(assistant, conversation)
    growing = ada.tab.locator(".growing .text")
    length = await appended(assistant, answer, "About ")
    await expect(growing).to_have_text("About ")
    await assistant.client.mutate(APPEND, id=answer, offset=length, text="1,222 °C.")
    await expect(growing).to_have_text("About 1,222 °C.")
    assert await ada.violations() == []
    await assistant.client.mutate(FINISH, id=answer, input=keyed(tokens=7))

    await expect(ada.message("About 1,222 °C.")).to_have_count(1)
    await expect(ada.message("About 1,222 °C.")).to_contain_text("Assistant")
    await expect(growing).to_have_count(0)

    # One that rambles is stopped, and nothing of it stays.
    answer = await started(assistant, conversation)
    await appended(assistant, answer, "Cones were first ")
    await expect(growing).to_have_text("Cones were first ")
    await ada.tab.get_by_role("button", name="Stop").click()
    await expect(growing).to_have_count(0)
    await expect(ada.tab.locator("li[id].message")).to_have_count(2)
