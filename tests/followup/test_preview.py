"""The preview shows every message as it would be sent, and its page can do nothing but be read."""

import json
import re
from html.parser import HTMLParser

import pytest

from leadmodel_followup.__main__ import main
from leadmodel_followup.planning.spec import Step
from leadmodel_followup.templates.preview import previews, table
from leadmodel_followup.templates.preview_page import page, when
from leadmodel_followup.templates.problems import problems
from leadmodel_followup.templates.samples import SAMPLES, USUAL
from leadmodel_messages.exits import FollowUpExit
from support.dashboard_page import a_browser, troubled_page
from support.followup_templates import DOCUMENT, example_files, folder, settings, templates


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    return templates(tmp_path_factory.mktemp("templates"))


@pytest.fixture
def places(tmp_path):
    (tmp_path / "followups.json").write_text(json.dumps(DOCUMENT))
    folder(tmp_path / "texts", example_files())
    return ["preview", "--settings", str(tmp_path / "followups.json"), "--templates", str(tmp_path / "texts")]


def test_every_step_in_every_language_to_every_lead(ready):
    shown = previews(ready, settings())
    assert len(shown) == 4 * 2 * len(SAMPLES)
    assert len({(one.use.path, one.language, one.sample.title) for one in shown}) == len(shown)
    assert all(one.rendered for one in shown)


def test_the_table_has_segments_and_one_line_per_message(ready):
    lines = table(previews(ready, settings(), [USUAL])).splitlines()
    assert len(lines) == 9
    assert lines[0].split() == ["STEP", "CHANNEL", "LANGUAGE", "LEAD", "SEGMENTS", "CHARACTERS", "TEXT"]
    assert lines[2].split()[:7] == ["first", "sms", "en", "usual", "1", "GSM-7", "141"]
    assert max(map(len, lines)) < 140


def test_a_message_that_cannot_be_made_is_a_line_too(tmp_path):
    shown = previews(templates(tmp_path, hello__en__txt=None, hello__de__txt=None), settings(), [USUAL])
    assert "no message: no-template" in table(shown)


def test_the_program_prints_the_table_and_writes_the_page(places, tmp_path, capsys):
    target = tmp_path / "page.html"
    (tmp_path / "lead.json").write_text('{"name": "Ada", "company": "Engines"}')
    given = [*places, "--page", str(target), "--lead", str(tmp_path / "lead.json"), "--language", "de-AT"]
    assert main(given) == FollowUpExit.DONE
    shown = capsys.readouterr().out
    assert "your own" in shown
    assert "Hallo Ada, danke" in shown
    assert "Thanks" not in shown
    assert shown.endswith("Nothing was sent.\n")
    assert "Ein Plan für Engines" in target.read_text()


def test_the_program_ends_with_1_where_lint_complains_and_2_without_files(places, tmp_path, capsys):
    (tmp_path / "lead.json").write_text('{"mail": "a@example.org"}')
    assert main([*places, "--lead", str(tmp_path / "lead.json")]) == FollowUpExit.USAGE
    assert main([*places, "--page", str(tmp_path / "no" / "page.html")]) == FollowUpExit.USAGE
    assert "example.org" not in capsys.readouterr().err
    (tmp_path / "texts" / "hello.en.txt").unlink()
    assert main(places) == FollowUpExit.NO
    assert "problem: bands.warm.steps.first: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("after_ms", "shown"),
    [
        (0, "at once"),
        (1000, "1 second after the lead"),
        (5_400_000, "90 minutes after the lead"),
        (7_200_000, "2 hours after the lead"),
        (86_400_000, "1 day after the lead"),
    ],
)
def test_when_a_step_is_due(after_ms, shown):
    assert when(Step("a", after_ms, "sms")) == shown


class Elements(HTMLParser):
    """Names and attributes of all elements."""

    def __init__(self, text):
        super().__init__()
        self.all = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.all.append((tag, dict(attrs)))


def test_the_page_has_no_script_and_its_mails_may_do_nothing(ready):
    text = page(previews(ready, settings()), [], settings(), ready.digest)
    elements = Elements(text).all
    names = {name for name, _ in elements}
    assert "script" not in names
    assert {"link", "img", "object"}.isdisjoint(names)
    frames = [attributes for name, attributes in elements if name == "iframe"]
    assert len(frames) == 2 * len(SAMPLES)
    assert {frame["sandbox"] for frame in frames} == {""}
    assert not [key for _, attributes in elements for key in attributes if key.startswith("on")]


def test_what_is_wrong_stands_on_top(tmp_path):
    wrong = templates(tmp_path, hello__en__txt="Hi")
    text = page(previews(wrong, settings()), problems(wrong, settings()), settings(), wrong.digest)
    assert "1 to mend" in text
    assert "Nothing to mend" not in text


def opened(browser, path):
    """The page in a browser, with a note of why each request that failed did."""
    shown = troubled_page(browser)
    shown.refusals = []
    shown.on("requestfailed", lambda request: shown.refusals.append(request.failure))
    shown.goto(path.as_uri())
    return shown


def choose(shown, label):
    shown.locator(".filters label").filter(has_text=re.compile(f"^{label}$")).click()


@pytest.mark.slow
def test_in_a_browser_leads_and_languages_are_chosen_and_nothing_runs(tmp_path):
    hostile = templates(
        tmp_path / "texts",
        offer__en__html="<body onload='parent.document.title=1'><img src='https://acme.example/x.png'>"
        "<p>Hi {{ company }}</p><a href='{{ unsubscribe }}'>end</a></body>",
    )
    target = tmp_path / "page.html"
    target.write_text(page(previews(hostile, settings()), [], settings(), hostile.digest))
    with a_browser() as browser:
        shown = opened(browser, target)
        assert shown.locator(".message:visible").count() == 8
        choose(shown, "longest")
        choose(shown, "de")
        assert shown.locator(".message:visible").count() == 4
        assert "Maximiliane" in shown.locator(".message:visible .bubble").first.inner_text()
        choose(shown, "hostile")
        choose(shown, "en")
        mail = shown.frame_locator(".message:visible iframe").locator("p").first
        assert mail.inner_text() == 'Hi <b onmouseover="alert(1)">&{{ 7*7 }}'
        assert shown.title() == "Follow-ups of conversion"
        assert set(shown.refusals) <= {
            "csp"
        }  # without the policy the image would be asked for, and no host would be there
        assert [
            text for text in shown.troubles if "sandboxed" not in text and "Content Security" not in text
        ] == []


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_telephone(ready, tmp_path, scheme):
    target = tmp_path / "page.html"
    target.write_text(page(previews(ready, settings()), [], settings(), ready.digest))
    with a_browser() as browser:
        shown = browser.new_context(color_scheme=scheme, viewport={"width": 360, "height": 800}).new_page()
        shown.goto(target.as_uri())
        assert shown.evaluate("document.documentElement.scrollWidth") <= 360
        back = shown.evaluate("getComputedStyle(document.body).backgroundColor")
        assert back == {"light": "rgb(246, 247, 249)", "dark": "rgb(18, 22, 28)"}[scheme]
