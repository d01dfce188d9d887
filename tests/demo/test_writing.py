"""What goes with a message, and when it goes: files, names, another time."""

from pathlib import Path

from playwright.async_api import FilePayload, expect

from tests.demo.conftest import Window

TRANSFER = """(element, [name, kind]) => {
  const files = new DataTransfer();
  files.items.add(new File(["Three coats, cone 6."], name, {type: "text/plain"}));
  const event = kind === "paste"
    ? new ClipboardEvent("paste", {clipboardData: files, bubbles: true, cancelable: true})
    : new DragEvent(kind, {dataTransfer: files, bubbles: true, cancelable: true});
  element.dispatchEvent(event);
}"""


async def test_files_are_sent_and_shown(windows: tuple[Window, Window], tmp_path: Path) -> None:
    ada, lucas = windows
    for window in windows:
        await window.sign_in()
        await window.row.click()
    picture = tmp_path / "glaze.png"
    await ada.tab.screenshot(path=picture)  # of 1,200 by 800

    await ada.choose(picture)
    await ada.composer.evaluate(TRANSFER, ["pasted.txt", "paste"])
    await ada.composer.evaluate(TRANSFER, ["dropped.txt", "dragover"])
    await expect(ada.tab.get_by_text("Drop files here to send them")).to_be_visible()
    await ada.composer.evaluate(TRANSFER, ["dropped.txt", "drop"])
    await expect(ada.uploads.get_by_text("ready")).to_have_count(3)
    assert await ada.violations() == []
    await ada.say("The third bowl")

    for window in windows:
        message = window.message("The third bowl")
        shown = message.get_by_role("img", name="glaze.png")
        await expect(shown).to_be_visible()
        # Its place was kept before it came: by its shape, not larger than a message should be.
        assert await shown.get_attribute("width") == "320"
        assert await shown.get_attribute("height") == "213"
        await expect(shown).to_have_js_property("naturalWidth", 1200)
        await expect(message.get_by_role("link", name="pasted.txt")).to_be_visible()
        link = message.get_by_role("link", name="dropped.txt")
        address = await link.get_attribute("href")
        assert address is not None
        file = await window.tab.request.get(f"{window.network.url}{address}")
        assert await file.text() == "Three coats, cone 6."
    await expect(ada.uploads).to_have_count(0)
    await expect(lucas.row).to_contain_text("The third bowl")


async def test_a_file_that_is_refused_or_lost_says_so(windows: tuple[Window, Window]) -> None:
    ada, _ = windows
    await ada.sign_in()
    await ada.row.click()
    page = FilePayload(name="page.png", mimeType="image/png", buffer=b"<html><script>1</script>")
    await ada.choose(page)
    await expect(ada.uploads.get_by_role("alert")).to_contain_text("By its bytes this is no image/")
    await expect(ada.tab.get_by_role("button", name="Send", exact=True)).to_be_disabled()
    await ada.tab.get_by_role("button", name="Leave out page.png").click()
    program = FilePayload(name="a.exe", mimeType="application/x-msdownload", buffer=b"MZ")
    await ada.choose(program)
    await expect(ada.uploads.get_by_role("alert")).to_contain_text("Only these are taken")
    await ada.tab.get_by_role("button", name="Leave out a.exe").click()

    await ada.network.cut()
    await ada.choose(FilePayload(name="notes.txt", mimeType="text/plain", buffer=b"Cone 6."))
    await expect(ada.uploads.get_by_role("alert")).to_have_text("The server cannot be reached.")
    assert await ada.violations() == []
    await ada.network.open()
    await ada.tab.get_by_role("button", name="Try again").click()
    await expect(ada.uploads.get_by_text("ready")).to_have_count(1)
    await ada.tab.get_by_role("button", name="Send", exact=True).click()
    sent = ada.tab.locator("li[id].message", has=ada.tab.get_by_role("link", name="notes.txt"))
    await expect(sent).to_have_count(1)
    assert all("422" in one or "400" in one or "ERR_" in one for one in ada.complaints)
    ada.complaints.clear()


async def test_a_name_is_chosen_by_its_beginning(windows: tuple[Window, Window]) -> None:
    ada, lucas = windows
    await ada.sign_in()
    await lucas.sign_in()
    await ada.row.click()
    await expect(ada.composer).to_be_focused()

    await ada.composer.press_sequentially("Ask @lu")
    await expect(ada.tab.get_by_role("option")).to_have_text(["LMLucas Meyer"])
    assert await ada.violations() == []
    await ada.composer.press("Tab")
    await expect(ada.composer).to_have_value("Ask @Lucas Meyer ")
    await ada.composer.press_sequentially("or @ev")
    await ada.composer.press("Enter")
    await expect(ada.composer).to_have_value("Ask @Lucas Meyer or @everyone ")
    await ada.composer.press("Enter")

    await expect(ada.message("Ask").locator("mark")).to_have_text(["@Lucas Meyer", "@everyone"])
    await expect(lucas.row.locator(".badge-mention")).to_be_visible()


async def test_a_message_waits_for_its_time(windows: tuple[Window, Window]) -> None:
    ada, _ = windows
    await ada.sign_in()
    await ada.row.click()
    await ada.composer.fill("The kiln is cold now.")
    await ada.tab.get_by_role("button", name="Send later").click()
    window = ada.tab.get_by_role("dialog", name="Send later")
    assert await ada.violations() == []

    await window.get_by_label("When").fill("2020-01-01T12:00")
    await window.get_by_role("button", name="Schedule").click()
    await expect(window.get_by_role("alert")).not_to_be_empty()
    await window.get_by_label("When").fill("2027-01-01T12:00")
    await window.get_by_role("button", name="Schedule").click()
    await expect(window).to_have_count(0)
    await expect(ada.composer).to_have_value("")

    await ada.tab.get_by_role("button", name="Send later").click()
    await expect(window).to_contain_text("The kiln is cold now.")
    await window.get_by_role("button", name="Cancel").click()
    await expect(window).not_to_contain_text("The kiln is cold now.")
    await window.get_by_role("button", name="Close").click()
    await expect(ada.tab.locator("li[id].message")).to_have_count(0)
