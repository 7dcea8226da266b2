"""The page of `kubectl leadmodel dashboard`: what the server refuses, and what a real Chromium shows of it."""

import http.client
import json
import re
import time
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from leadmodel_cli.dashboard import app
from leadmodel_cli.dashboard.app import FILES, HEADERS
from leadmodel_cli.views.story import fleet
from project.house import ROOT
from support.dashboard_page import TOKEN, a_browser, sample, served, troubled_page
from worlds.names import KEY

PAGE = ROOT / "cli" / "leadmodel_cli" / "dashboard"
MARKUP = '<img src=x onerror="window.hit=1">"\'</script><script>window.hit=1</script>'
HOSTILE = f"{MARKUP}\x1b[2J\u202e"


@pytest.fixture(scope="module")
def address():
    with served(sample()) as found:
        yield found


def ask(address: str, path: str, *, method: str = "GET", host: str | None = None, token: str | None = TOKEN):
    """Send one request as a browser that has opened the printed address, or as anybody else."""
    netloc = urlsplit(address).netloc
    connection = http.client.HTTPConnection(netloc, timeout=30)
    cookie = {"Cookie": f"leadmodel-{netloc.rpartition(':')[2]}={token}"} if token else {}
    connection.request(method, path, headers={"Host": host or netloc, **cookie})
    answer = connection.getresponse()
    body = answer.read() if "event-stream" not in (answer.headers.get("content-type") or "") else b""
    connection.close()
    return answer, body.decode()


# --- the server ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*FILES, "/data", "/data?namespace=sales&name=conversion", "/stream"])
def test_every_answer_has_the_headers_and_needs_the_token(address, path):
    answer, _ = ask(address, path)
    assert answer.status == 200
    assert {key: answer.headers[key] for key in HEADERS} == HEADERS
    for wrong in (None, "", "another"):
        answer, body = ask(address, path, token=wrong)
        assert answer.status == 403
        assert "conversion" not in body


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1.evil.example:1"])
def test_another_host_is_refused_even_with_the_token(address, host):
    assert ask(address, "/data", host=host)[0].status == 421
    assert ask(address, f"/?token={TOKEN}", host=host, token=None)[0].status == 421


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
def test_the_page_only_reads(address, method):
    assert ask(address, "/data", method=method)[0].status == 405


def test_the_printed_address_sets_a_cookie_that_no_script_reads(address):
    answer, _ = ask(address, f"/?token={TOKEN}", token=None)
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=strict" in answer.headers["set-cookie"]
    assert ask(address, "/?token=another", token=None)[0].status == 403


def test_control_without_the_guard_anybody_reads(monkeypatch):
    monkeypatch.setattr(
        app.Guard, "__call__", lambda guard, scope, receive, send: guard.app(scope, receive, send)
    )
    with served(sample()) as found:
        answer, body = ask(found, "/data", host="evil.example", token=None)
    assert answer.status == 200
    assert KEY.name in body


def test_what_cannot_be_read_is_a_sentence_on_the_page():
    source = sample()
    source.error = "leadmodels is forbidden"
    with served(source) as found:
        assert json.loads(ask(found, "/data")[1]) == {"error": "leadmodels is forbidden"}


def test_the_table_begins_with_what_needs_a_look():
    rows = fleet(sample().lead_models(), datetime(2026, 1, 5, tzinfo=UTC))
    assert [row["mood"] for row in rows] == ["bad", "warning", "warning", "paused", "good", "good"]


# --- colours -----------------------------------------------------------------------------------------------------------------------


def schemes() -> dict[str, dict[str, str]]:
    """The colours of the style sheet by scheme and name."""
    light, dark = re.findall(r":root \{(.*?)\}", (PAGE / "page.css").read_text(), re.DOTALL)
    return {
        name: dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", text))
        for name, text in (("light", light), ("dark", dark))
    }


def contrast(a: str, b: str) -> float:
    """Contrast of two colours by WCAG 2.2: (L1 + 0.05) / (L2 + 0.05), L the relative luminance."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_the_contrast_that_wcag_asks_for(scheme):
    colours = schemes()[scheme]
    for ground in ("page", "card"):
        for text in ("text", "soft", "link", "good", "warning", "bad", "waiting", "paused"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
        for shape in ("champion", "previous", "expected", "focus"):
            assert contrast(colours[shape], colours[ground]) >= 3, (shape, ground)


def test_control_a_pale_grey_is_too_pale():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#aaaaaa", "#ffffff") < 3


def test_every_colour_of_the_sheet_is_one_of_the_pairs():
    rules = (PAGE / "page.css").read_text().split("* { box-sizing")[1]
    assert re.findall(r"#[0-9a-f]{3,8}\b", rules) == []
    assert schemes()["light"].keys() == schemes()["dark"].keys()


def test_nothing_comes_from_outside_and_nothing_is_read_as_html():
    for name, _ in FILES.values():
        text = (PAGE / name).read_text()
        assert re.findall(r"[a-z]+://[^\s\"]+", text) == ["http://www.w3.org/2000/svg"] * name.endswith(".js")
        assert not re.search(r"(src|href)=\"(?!/|#)|url\(|@import", text)
        assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|style=", text)


# --- a real browser ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    with a_browser() as found:
        yield found


@pytest.fixture
def page(browser):
    found = troubled_page(browser)
    yield found
    found.context.close()


def open_page(page, address: str, anchor: str = "") -> None:
    page.goto(f"{address}/?token={TOKEN}")
    if anchor:
        page.goto(f"{address}/{anchor}")
    page.wait_for_selector("main[aria-busy=false]")


@pytest.mark.slow
def test_the_fleet_leads_to_one_model_and_back(page, address):
    open_page(page, address)
    assert page.locator("tbody tr").count() == 6
    assert page.url == f"{address}/"
    page.get_by_role("link", name="sales/conversion").click()
    page.wait_for_selector("h1:has-text('conversion')")
    for title in ("What to do", "The gate", "Scores of live leads", "Decisions", "Model card", "Conditions"):
        assert page.get_by_role("heading", name=title).count() == 1, title
    assert page.locator("ol.story li").count() == 3
    assert "kubectl leadmodel release conversion" in page.locator(".advice").inner_text()
    page.get_by_role("link", name="all LeadModels").click()
    page.wait_for_selector("h1:has-text('LeadModels')")
    assert page.troubles == []


@pytest.mark.slow
def test_hostile_texts_are_shown_and_not_run(page):
    source = sample()
    look = source.looks["sales", "conversion"]

    def spoil(value, key=""):
        if isinstance(value, dict):
            return {k: spoil(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [spoil(item, key) for item in value]
        return (
            f"{value} {HOSTILE}"
            if isinstance(value, str) and key in {"message", "evidence", "reason", "phase", "verdict"}
            else value
        )

    look.document["status"] = spoil(look.document["status"])
    look.document["metadata"]["name"] = MARKUP
    source.looks["sales", MARKUP] = source.looks.pop(("sales", "conversion"))
    with served(source) as found:
        open_page(page, found)
        page.get_by_role("link", name="<img src=x").click()
        page.wait_for_selector("h1:has-text('<img src=x')")
        assert page.locator("main img, main script").count() == 0
        assert page.evaluate("window.hit") is None
        assert "\\x1b[2J\\u202e" in page.locator("main").inner_text()
        assert "\u202e" not in page.content()
        assert page.troubles == []


@pytest.mark.slow
def test_changes_come_without_a_reload(page):
    source = sample()
    with served(source) as found:
        open_page(page, found)
        document = source.looks["marketing", "upsell"].document
        document["status"]["phase"] = "Breaching"
        assert page.wait_for_selector("tr:has-text('marketing/upsell'):has-text('Breaching')")
        source.error = "the server is gone"
        assert page.wait_for_selector("[role=alert]:has-text('the server is gone')")


@pytest.mark.slow
def test_a_page_of_an_earlier_start_says_that_it_has_ended(page):
    with served(sample()) as found:
        open_page(page, found)
        page.context.clear_cookies()  # as a new start on the same port does, which takes another token
        page.evaluate("location.hash = '#/sales/churn'")
        assert page.wait_for_selector("#live:has-text('ended: the address is of an earlier start')")


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_keyboard_reaches_everything_in_the_order_of_reading(browser, address, scheme):
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    open_page(page, address)
    stops = []
    for _ in range(9):
        page.keyboard.press("Tab")
        stops.append(page.evaluate("document.activeElement.textContent.trim().slice(0, 40)"))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", stops[-1]
    assert stops[:2] == ["Skip to the content", "LeadModel"]
    assert stops[3:] == [*page.locator("tbody a").all_inner_texts()]
    page.keyboard.press("Enter")
    page.wait_for_selector("h1 small")
    assert page.evaluate("document.activeElement.id") == "main"
    context.close()


@pytest.mark.slow
@pytest.mark.parametrize("anchor", ["", "#/sales/churn", "#/product/trial-to-paid"])
def test_a_screen_reader_hears_names_for_everything(page, address, anchor):
    open_page(page, address, anchor)
    page.wait_for_selector("h1 small" if anchor else "tbody tr")
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll('a, svg, section, table, [role=region]')].filter((node) => {
          if (node.closest('[aria-hidden=true]')) return false;
          if (node.tagName === 'TABLE') return !node.closest('[aria-label]') || node.querySelectorAll('th:not([scope])').length;
          const by = node.getAttribute('aria-labelledby');
          const text = node.getAttribute('aria-label') || (by && document.getElementById(by)?.textContent)
            || (node.tagName === 'A' && node.textContent);
          return !text;
        }).map((node) => node.outerHTML.slice(0, 80))"""
    )
    assert unnamed == []
    assert page.locator("h1").count() == 1
    assert page.locator("html").get_attribute("lang") == "en"
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((node) => node.id)")
    assert len(ids) == len(set(ids))


@pytest.mark.slow
def test_a_narrow_window_is_not_wider_than_itself(browser, address):
    context = browser.new_context(viewport={"width": 380, "height": 800})
    page = context.new_page()
    open_page(page, address, "#/sales/churn")
    page.wait_for_selector("h1 small")
    assert page.evaluate("document.documentElement.scrollWidth") <= 380
    context.close()


def test_an_open_stream_does_not_keep_the_server_from_ending():
    begin = time.monotonic()
    with served(sample()) as found:
        assert ask(found, "/stream")[0].status == 200
    assert time.monotonic() - begin < 60
