"""The pages in a browser: for everybody, without scripts, on a phone, and as events arrive."""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from axe_playwright_python.sync_playwright import Axe
from tests.e2e.api_process import api_process
from tests.e2e.cli_kit import clean_environment
from tests.integration.api_kit import COAST, CRISIS, report

pytestmark = pytest.mark.browser

CELL = "killed%7Cperson%7Ccount%7Carea%7CSY-LA%7Cstatus%3Dcivilian%7C%7C"
PAGES = {
    "home": "/",
    "crisis": f"/crises/{CRISIS}",
    "past": f"/crises/{CRISIS}?known_as_of=1:9",
    "area": f"/crises/{CRISIS}/areas/SY-LA",
    "displacement": f"/crises/{CRISIS}/displacement",
    "figures": f"/crises/{CRISIS}/figures?area=SY-LA&measure=killed&segment=civilian",
    "sources": f"/crises/{CRISIS}/sources",
    "conflicts": f"/crises/{CRISIS}/conflicts",
    "explain": f"/crises/{CRISIS}/explain?cell={CELL}",
    "changes": f"/crises/{CRISIS}/changes",
    "incidents": f"/crises/{CRISIS}/incidents",
    "statements": f"/crises/{CRISIS}/statements",
    "event": "/events/1/3",
    "status": "/status",
    "login": "/login",
    "error": "/crises/nowhere",
}
SHOTS = Path(__file__).parents[2] / "build" / "screenshots"


def command(*arguments: object) -> str:
    """What a command printed, in a process of its own: playwright has a loop in this one."""
    with clean_environment():
        done = subprocess.run(
            [sys.executable, "-m", "tollbook_services.cli", *map(str, arguments)],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
    return done.stdout


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    data = tmp_path_factory.mktemp("browser") / "ledger"
    command("demo", "--data", data)
    with api_process(data, TOLLBOOK_API_OPEN_READING="true") as api:
        yield api


def opened(browser, api, name, lang="en", **context):
    """A page in a browser of its own, and what went wrong while it was loaded."""
    made = browser.new_context(**context)
    page = made.new_page()
    faults: list[str] = []
    host = urlsplit(api.url).netloc
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "request",
        lambda asked: None if urlsplit(asked.url).netloc == host else faults.append(asked.url),
    )
    url = PAGES[name]
    separator = "&" if "?" in url else "?"
    page.goto(f"{api.url}{url}{separator}lang={lang}")
    known = "the server responded with a status of 404" if name == "error" else "\0"
    return page, [one for one in faults if known not in one and "favicon" not in one]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", ["en", "ar"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(browser, api, name, lang, scheme):
    page, faults = opened(
        browser, api, name, lang, color_scheme=scheme, viewport={"width": 1440, "height": 900}
    )
    found = Axe().run(page)
    page.context.close()

    told = [
        (one["id"], [node["html"][:200] for node in one["nodes"][:3]])
        for one in found.response["violations"]
    ]
    assert told == []
    assert faults == []


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_the_screen_without_scripts(browser, api, name, scheme, width):
    page, faults = opened(
        browser, api, name, color_scheme=scheme, java_script_enabled=False,
        viewport={"width": width, "height": 900},
    )  # fmt: skip
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}-{width}-{scheme}.png", full_page=True)
    size = page.context.new_cdp_session(page).send("Page.getLayoutMetrics")["cssContentSize"]
    page.context.close()

    assert size["width"] <= width
    assert faults == []


def test_a_reader_goes_from_a_number_to_its_proof_without_scripts(browser, api):
    page, _ = opened(browser, api, "crisis", java_script_enabled=False)

    page.get_by_role("link", name="Latakia", exact=True).first.click()
    assert page.get_by_role("heading", level=1).inner_text() == "Latakia"
    page.get_by_role("link", name="683", exact=True).first.click()
    assert "/explain" in page.url
    page.locator("a[href^='/events/']").first.click()
    assert re.search(r"/events/1/\d+", page.url)
    assert page.get_by_role("link", name=re.compile("tlog-proof")).count() >= 1
    page.context.close()


def test_time_travel_by_the_form(browser, api):
    page, _ = opened(browser, api, "crisis", java_script_enabled=False)
    now = page.locator(".line").first.inner_text()

    page.get_by_label(re.compile("Recorded up to")).fill("3")
    page.get_by_role("button", name="Show").last.click()

    assert "recorded up to 3" in page.get_by_role("note").inner_text()
    assert page.locator(".line").first.inner_text() != now
    page.get_by_role("link", name="Go to now").click()
    assert page.locator(".line").first.inner_text() == now
    page.context.close()


def test_the_map_can_be_used_with_the_keyboard(browser, api):
    page, _ = opened(browser, api, "crisis")
    page.locator("svg a[aria-label^='Latakia']").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/areas/SY-LA**")
    page.context.close()


def test_a_page_prints_on_a4(browser, api, tmp_path):
    page, _ = opened(browser, api, "crisis")
    page.pdf(path=tmp_path / "page.pdf", format="A4", prefer_css_page_size=True)
    assert (tmp_path / "page.pdf").stat().st_size > 10_000
    page.context.close()


def test_a_report_is_published_and_the_number_on_the_page_changes(browser, tmp_path):
    with (
        api_process(tmp_path / "ledger", TOLLBOOK_API_OPEN_READING="true") as api,
        httpx2.Client(base_url=api.url, headers=editors_headers(tmp_path)) as client,
    ):
        assert client.post("/v1/events", json=report("one", 340)).status_code == 200
        made = browser.new_context(java_script_enabled=False)
        page = made.new_page()
        page.goto(f"{api.url}/crises/flood-2026")
        before = page.locator(".line").first.inner_text()
        later = report("two", 532)
        later["data"]["figures"][0]["as_of"] = "2026-03-02"
        later["data"]["published_at"] = "2026-03-02"
        assert client.post("/v1/events", json=later).status_code == 200
        page.reload()
        after = page.locator(".line").first.inner_text()
        page.goto(f"{api.url}/crises/flood-2026/figures?area=SY-LA&measure=killed")
        steps = page.locator("table").first.inner_text()
        made.close()

    assert (before, after) == ("340 persons", "532 persons")
    assert "340" in steps
    assert "532" in steps


def editors_headers(folder):
    """The headers of an editor."""
    token = command("token", "create", "writer", "--role", "editor", "--data", folder / "ledger")
    return {"Authorization": f"Bearer {token.strip()}"}


def test_the_tolls_are_on_the_page_in_the_same_words_as_in_the_api(browser, api):
    page, _ = opened(browser, api, "crisis", java_script_enabled=False)
    with httpx2.Client(base_url=api.url) as client:
        cells = client.get(f"{COAST}/tolls?measure=killed&area=SY").json()["cells"]
    (cell,) = [
        one for one in cells if (one["kind"], one["area"], one["segment"]) == ("area", "SY", "all")
    ]
    assert page.locator(".line").first.inner_text() == f"{cell['best']:,} persons"
    page.context.close()


def test_with_scripts_a_slider_goes_through_what_the_ledger_knew(browser, api):
    page, faults = opened(browser, api, "crisis")
    slider = page.get_by_role("slider")
    assert (slider.get_attribute("min"), slider.get_attribute("max")) == ("1", "22")

    slider.fill("9")

    page.wait_for_url("**known_as_of=1%3A9**")
    assert "recorded up to 1:9" in page.get_by_role("note").inner_text()
    assert page.get_by_role("slider").input_value() == "9"
    assert faults == []
    page.context.close()
