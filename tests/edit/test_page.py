"""The page in a real Chromium, driven by Playwright as a reader works with it: write, see, fix, train, predict.

Debian's Chromium is used: `apt-get install chromium`; where it or Playwright is missing these tests say so.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netspec.translation.languages import translate
from tests.edit.conftest import NET
from tests.edit.requests import Page
from tests.spec_cases import ROOT

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
if CHROMIUM is None:
    pytest.skip("there is no Chromium here: apt-get install chromium", allow_module_level=True)
playwright = pytest.importorskip("playwright.sync_api", reason="there is no Playwright here: pip install playwright")
expect: Any = playwright.expect
Tab = Any  # playwright.sync_api.Page, which a light install does not have

WRONG = NET.replace("Linear: 10", "Linear: {in_features: 63, out_features: 10}")
SECOND = 1000
PATIENCE = 120 * SECOND  # with a process that imports torch
PASTE = """text => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  document.activeElement.dispatchEvent(new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true}));
}"""
WITHOUT_HINTS = """[...document.querySelectorAll(".cm-line")].map(line => [...line.childNodes]
  .filter(node => !node.classList?.contains("hint")).map(node => node.textContent).join("")).join("\\n")"""
NAMELESS = """[...document.querySelectorAll("button, input, [role], [tabindex='0'], section, img")]
  .filter(each => each.checkVisibility() && !each.closest("[aria-hidden=true]") && !(each.ariaLabel
    || each.textContent.trim() || each.alt || each.title || each.labels?.length)).map(each => each.outerHTML)"""
WORDS = "[...document.querySelectorAll('button, h1, label, [role=status]')].map(each => each.innerText).join(' ')"
SECTIONS = "[...document.querySelectorAll('main > section')].filter(each => each.checkVisibility()).length"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One window of one browser for all tests."""
    expect.set_options(timeout=30 * SECOND)
    with playwright.sync_playwright() as found:
        browser = found.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-US", color_scheme="light")
        context.add_init_script("localStorage.clear()")
        yield context
        browser.close()


@pytest.fixture
def tab(chromium: Any, page: Page) -> Iterator[Tab]:
    """The page of `net.yaml`. Nothing in it may fail, and it asks no other server."""
    found = chromium.new_page()
    failed: list[str] = []
    found.on("pageerror", lambda error: failed.append(str(error)))
    found.on("console", lambda said: failed.append(said.text) if said.type == "error" else None)
    own = (page.access.address, "blob:", "data:")
    found.on("request", lambda asked: asked.url.startswith(own) or failed.append(asked.url))
    found.goto(page.access.address)
    expect(found.locator("#canvas g.node")).to_have_count(4)
    yield found
    found.close()
    assert [each for each in failed if "409 (Conflict)" not in each] == []


def write(tab: Tab, text: str) -> None:
    """Replace the text as one who pastes does."""
    tab.locator(".cm-content").click()
    tab.keyboard.press("Control+A")
    tab.evaluate(PASTE, text)


def text_of(tab: Tab) -> str:
    """The lines of the editor, without hints."""
    found: str = tab.evaluate(WITHOUT_HINTS)
    return found


def test_an_error_is_seen_on_its_node_and_fixed_by_a_click(tab: Tab, page: Page) -> None:
    write(tab, WRONG)
    node = tab.locator("g.node.error")
    expect(node).to_contain_text("Linear expects 63 features, gets 64")
    expect(tab.locator("#findings li.error")).to_contain_text("NS401")
    expect(tab.locator(".cm-lintRange-error")).to_have_text("63")
    tab.locator("#findings button.fix").first.click()
    expect(node).to_have_count(0)
    expect(tab.locator("#faults")).to_have_text("No errors")
    assert "in_features: 1*8*8" in text_of(tab)
    tab.locator("#save").click()
    expect(tab.locator("#unsaved")).to_be_hidden()
    assert "in_features: 1*8*8" in (page.home / "net.yaml").read_text()


def test_the_picture_follows_each_key_and_the_line(tab: Tab) -> None:
    line = tab.locator(".cm-line", has_text="Linear")
    line.click()
    expect(tab.locator("g.node.lit")).to_contain_text("Linear")
    tab.keyboard.press("End")
    for _ in range(2):
        tab.keyboard.press("ArrowLeft")
    for sign, shape in (("2", "120"), ("3", "1230")):
        tab.keyboard.type(sign)  # before the 0 of 10
        expect(tab.locator("g.node.layer").last).to_contain_text(f"Linear(64, {shape})")
    tab.locator("g.node", has_text="Flatten").click()
    expect(tab.locator(".cm-activeLine")).to_contain_text("Flatten")
    tab.locator("#canvas").focus()
    tab.keyboard.press("ArrowDown")
    expect(tab.locator(".cm-activeLine")).to_contain_text("Linear")


def test_blocks_fold_by_double_click_and_stay_so(tab: Tab) -> None:
    write(tab, "netspec: 1\ninput: [4]\nlayers:\n  - {name: part, layers: [ReLU, Tanh]}\n  - Linear: 3\n")
    expect(tab.locator("g.node", has_text="Tanh").last).to_be_visible()
    tab.locator("g.node.group > .head").dblclick()
    expect(tab.locator("g.node", has_text="Tanh")).to_have_count(0)
    tab.locator(".cm-content").click()
    tab.keyboard.press("Control+End")
    tab.keyboard.type("  - Sigmoid")
    expect(tab.locator("g.node", has_text="Sigmoid")).to_have_count(1)
    expect(tab.locator("g.node", has_text="Tanh")).to_have_count(0)


def test_sizes_are_slid_until_a_layer_breaks(tab: Tab) -> None:
    write(tab, NET.replace("Linear: 10", "Linear: {in_features: 64, out_features: 10}"))
    expect(tab.locator("g.node", has_text="Linear(64, 10)")).to_have_count(1)
    tab.locator("#sizes").click()
    slider = tab.get_by_label("H", exact=True)
    slider.fill("9")
    expect(tab.locator("g.node.error")).to_contain_text("Linear expects 64 features, gets 72")
    expect(tab.locator("#faults")).to_have_text("No errors")  # of the text
    tab.get_by_role("button", name="As the text says").click()
    expect(tab.locator("g.node.error")).to_have_count(0)


def test_layers_are_inserted_completed_and_hinted(tab: Tab) -> None:
    tab.locator(".cm-line", has_text="Flatten").click()
    tab.keyboard.press("Control+i")
    tab.get_by_role("combobox").fill("relu6")
    tab.keyboard.press("Enter")
    expect(tab.locator("g.node", has_text="ReLU6")).to_have_count(1)
    assert "  - Flatten\n  - ReLU6\n  - {name: fc" in text_of(tab)
    expect(tab.locator(".hint").first).to_contain_text("64")
    tab.keyboard.press("End")
    tab.keyboard.press("Enter")
    tab.keyboard.type("- Softpl")
    expect(tab.locator(".cm-tooltip-autocomplete")).to_contain_text("Softplus")
    tab.keyboard.press("Escape")


def test_what_another_program_wrote_is_not_lost(tab: Tab, page: Page) -> None:
    write(tab, NET + "# mine\n")
    (page.home / "net.yaml").write_text(NET + "# theirs\n")
    tab.keyboard.press("Control+s")
    shown = tab.get_by_role("dialog", name="net.yaml was changed by another program")
    expect(shown).to_be_visible()
    assert (page.home / "net.yaml").read_text() == NET + "# theirs\n"
    shown.get_by_role("button", name="Take the text of the file").click()
    expect(tab.locator(".cm-content")).to_contain_text("# theirs")
    tab.locator(".cm-content").focus()
    tab.keyboard.press("Control+z")
    expect(tab.locator(".cm-content")).to_contain_text("# mine")
    tab.keyboard.press("Control+s")
    expect(tab.locator("#unsaved")).to_be_hidden()
    assert (page.home / "net.yaml").read_text() == NET + "# mine\n"


def test_a_shipped_spec_is_begun_by_keyboard_alone(tab: Tab, page: Page) -> None:
    tab.locator("#new").focus()
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("combobox")).to_be_focused()
    tab.keyboard.type("lenet")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("textbox", name="Name of the new file")).to_be_focused()
    tab.keyboard.press("Enter")
    expect(tab.locator("#file")).to_have_text("lenet.yaml")
    expect(tab.locator("g.node", has_text="Conv2d")).not_to_have_count(0)
    assert (page.home / "lenet.yaml").is_file()
    for part in (".cm-content", "#canvas", "#train", ".cm-content"):
        tab.keyboard.press("F6")
        expect(tab.locator(part)).to_be_focused()


def test_everything_has_a_name_in_both_languages_and_themes(tab: Tab) -> None:
    assert tab.evaluate(NAMELESS) == []
    grounds = [tab.evaluate("getComputedStyle(document.body).backgroundColor")]
    tab.locator("#language").click()
    expect(tab.locator("#save")).to_have_text("保存")
    assert tab.evaluate("document.documentElement.lang") == "zh"
    assert tab.evaluate(NAMELESS) == []
    words = tab.evaluate(WORDS)
    assert set(re.findall(r"[A-Za-z]{3,}", words)) <= {"netspec", "net", "yaml"}
    write(tab, WRONG)
    message = translate("Linear expects 63 features, gets 64", "zh")
    assert "Linear" in message
    assert "expects" not in message
    expect(tab.locator("#findings li.error")).to_contain_text(message)
    expect(tab.locator("g.node.error")).to_contain_text(message)
    tab.locator("#theme").click()
    grounds.append(tab.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len({*grounds}) == 2


def test_a_narrow_window_shows_one_part_and_is_not_wider(tab: Tab) -> None:
    tab.set_viewport_size({"width": 400, "height": 700})
    for name in ("Picture", "Training", "Text"):
        tab.get_by_role("tab", name=name).click()
        assert tab.evaluate(SECTIONS) == 1
        assert tab.evaluate("document.documentElement.scrollWidth") <= 400
    tab.get_by_role("tab", name="Text").press("ArrowRight")
    expect(tab.locator("#canvas")).to_be_visible()


def trained_and_stopped(tab: Tab, page: Page) -> int:
    """Train the shipped digits for some epochs; gives the epoch at which it was stopped."""
    pytest.importorskip("torch")
    pytest.importorskip("sklearn")
    text = (ROOT / "specs/digits.yaml").read_text()
    write(tab, text)
    expect(tab.locator("#faults")).to_have_text("No errors")
    tab.locator("#epochs").fill("500")
    tab.locator("#train").click()
    state = tab.locator("#state")
    expect(state).to_contain_text(re.compile(r"epoch ([3-9]|\d\d)"), timeout=PATIENCE)
    assert (page.home / "net.yaml").read_text() == text  # it was saved first
    expect(tab.locator("#curves .panel")).to_have_count(2)
    expect(tab.locator("#curves .panel canvas").first).to_be_visible()
    said = tab.locator("#curves .panel").first.get_attribute("aria-label")
    assert re.search(r"loss\. digits-1: train_loss [\d.]+, val_loss", said)
    tab.locator("#stop").click()
    expect(state).to_contain_text("interrupted", timeout=PATIENCE)
    return int(re.findall(r"epoch (\d+)", state.inner_text())[0])


def test_digits_are_trained_and_stopped(tab: Tab, page: Page) -> None:
    assert trained_and_stopped(tab, page) >= 3


@pytest.mark.exhaustive
def test_a_stopped_run_is_resumed_and_asked(tab: Tab, page: Page, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    digits = pytest.importorskip("sklearn.datasets").load_digits()
    stopped, state = trained_and_stopped(tab, page), tab.locator("#state")
    tab.locator("#epochs").fill(str(stopped + 2))
    tab.locator("#resume").click()
    expect(state).to_contain_text(f"finished, epoch {stopped + 2}", timeout=PATIENCE)
    image.fromarray((digits.images[3] * 255 / 16).astype("uint8")).save(tmp_path / "three.png")
    tab.locator("#sample").set_input_files(tmp_path / "three.png")
    expect(tab.locator(".answer figcaption")).to_have_text("three.png: 3", timeout=PATIENCE)
    tab.locator("#scores").click()
    expect(tab.locator("table.confusion tbody tr")).to_have_count(10, timeout=PATIENCE)
    expect(tab.locator("img.shown")).to_be_visible()
