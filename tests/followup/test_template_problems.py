"""Each problem of a folder is named; without it the example's folder has none."""

import json
from dataclasses import replace

import pytest

from leadmodel_followup.__main__ import main
from leadmodel_followup.templates.problems import problems
from leadmodel_messages.exits import FollowUpExit
from support.followup_templates import DOCUMENT, example_files, folder, settings, templates

LONG = "word " * 61  # 305 places with {{ name }} empty, 345 with the longest


def test_the_example_has_no_problem(tmp_path):
    assert problems(templates(tmp_path), settings()) == []


@pytest.mark.parametrize(
    ("changed", "field", "reason"),
    [
        ({"hello__en__txt": None}, "bands.warm.steps.first", "no txt in en, which every language falls back to"),
        ({"offer__en__subject": None}, "bands.warm.steps.second", "no subject and txt in en"),
        ({"offer__en__subject": None}, "offer.en.subject", "is missing"),
        ({"offer__de__html": None}, "offer.de.html", "is missing"),
        ({"appointment__en__whatsapp": None}, "bands.hot.steps.call", "no whatsapp in en"),
        ({"hello__en__txt": "STOP {{ link_none }}"}, "hello.en", "names link_none, which links does not have"),
        ({"hello__en__txt": "{{ phone }} STOP"}, "hello.en.txt", "line 1: names no field: phone"),
        ({"hello__de__txt": "Hallo {{ name|default('Sie') }}"}, "hello.de.txt", "names no way out"),
        ({"hello__de__txt": "stop by our office"}, "hello.de.txt", "names no way out"),
        ({"reminder__en__txt": LONG * 2}, "reminder.en.txt", "takes 4 segments with the longest values; at most 3"),
        ({"reminder__en__txt": LONG + "{{ name }}"}, "reminder.en.txt", "6 segments with the longest values (UCS-2, because of U+0142)"),
        ({"reminder__en__txt": "a" * 1601}, "reminder.en.txt", "longer than the channel takes (lead: usual)"),
        ({"reminder__de__txt": "{{ name }}"}, "reminder.de.txt", "is empty (lead: no name)"),
        ({"reminder__en__txt": "Hi {{ name }}, wait"}, "reminder.en.txt", "leaves a gap for a lead without a name"),
        ({"offer__en__txt": "Hi"}, "offer.en.txt", "has no {{ unsubscribe }}"),
        ({"offer__de__html": "<p>Hi</p>"}, "offer.de.html", "has no {{ unsubscribe }}"),
        (
            {"appointment__en__whatsapp": json.dumps({"name": "a", "language": "en", "parameters": ["{{ name }}"]})},
            "appointment.en.whatsapp",
            "has a parameter that is empty",
        ),
        ({"hello__en__doc": "x"}, "hello.en.doc", "is not named"),
    ],
)  # fmt: skip
def test_a_problem_is_named(tmp_path, changed, field, reason):
    found = problems(templates(tmp_path, **changed), settings())
    assert [problem for problem in found if problem.field == field and reason in problem.reason], found


def test_an_sms_may_offer_the_link_in_place_of_stop(tmp_path):
    linked = templates(tmp_path, hello__en__txt="Hi! No more: {{ unsubscribe }}")
    assert problems(linked, settings()) == []
    [wrong] = [each for each in problems(linked, settings(public_url=None)) if each.field == "hello.en.txt"]
    assert "names no way out" in wrong.reason


def test_an_email_needs_an_address_to_unsubscribe(tmp_path):
    assert problems(templates(tmp_path), settings(public_url=None))[0].field == "publicUrl"


def test_a_later_sms_needs_no_way_out(tmp_path):
    later = settings()
    band = later.spec.bands[0]
    swapped = replace(band, steps=band.steps[::-1])
    first = replace(later, spec=replace(later.spec, bands=(swapped, *later.spec.bands[1:])))
    assert problems(templates(tmp_path), later) == []
    assert {each.field for each in problems(templates(tmp_path), first)} == {
        "reminder.en.txt",
        "reminder.de.txt",
    }


def test_no_problem_shows_a_text(tmp_path):
    secret = "Sesame 4111 1111 1111 1111"
    changed = {f"{name}__en__txt": f"{secret} {{{{ x }}}}" for name in ("hello", "offer", "reminder")}
    found = problems(templates(tmp_path, **changed), settings())
    assert len(found) >= 3
    assert "Sesame" not in str(found)


@pytest.fixture
def places(tmp_path):
    """Arguments of the program for the example."""
    (tmp_path / "followups.json").write_text(json.dumps(DOCUMENT))
    folder(tmp_path / "texts", example_files())
    return ["--settings", str(tmp_path / "followups.json"), "--templates", str(tmp_path / "texts")]


def test_lint_ends_with_0_1_and_2(places, tmp_path, capsys):
    assert main(["lint", *places]) == FollowUpExit.DONE
    assert capsys.readouterr().out.startswith("nothing wrong: 4 steps, templates sha256:")
    (tmp_path / "texts" / "hello.de.txt").write_text("Hallo")
    assert main(["lint", *places]) == FollowUpExit.NO
    assert capsys.readouterr().out.startswith("hello.de.txt: is the first SMS of its band")
    assert main(["lint", *places[:3], str(tmp_path / "none")]) == FollowUpExit.USAGE
    assert main(["lint", "--settings", str(tmp_path / "none"), *places[2:]]) == FollowUpExit.USAGE
    assert "cannot be read" in capsys.readouterr().err


def test_help_teaches_the_language(capsys):
    for command in ("lint", "preview"):
        with pytest.raises(SystemExit) as ended:
            main([command, "--help"])
        assert ended.value.code == 0
        shown = capsys.readouterr().out
        for taught in (
            "welcome.en.whatsapp",
            "default('",
            "link_",
            "{% if company %}",
            "no loops",
            "$ leadmodel-followup",
        ):
            assert taught in shown
