"""The section "Templates" of docs/followups.md shows what the program prints, and names what templates may use."""

import json
import re

import pytest

from leadmodel_followup.__main__ import main
from leadmodel_followup.templates import allow_list, files, templates
from leadmodel_followup.templates.fields import MAX_COMPANY, MAX_NAME, Fields
from leadmodel_messages.exits import FollowUpExit
from support.followup_templates import ROOT

SECTION = (ROOT / "docs" / "followups.md").read_text().partition("\n## Templates\n")[2].partition("\n## ")[0]


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", SECTION, re.DOTALL)
    assert found, language
    return found[1]


@pytest.fixture
def example(tmp_path, monkeypatch):
    """The folder that the page describes, as the working directory."""
    (tmp_path / "followups.json").write_text(block("json"))
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "hello.en.txt").write_text(block("text"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_commands_print_what_the_page_shows(example, capsys):
    shown = re.split(r"^\$ leadmodel-followup (.*)\n", block("console"), flags=re.MULTILINE)[1:]
    assert len(shown) == 4
    for command, printed in zip(shown[::2], shown[1::2], strict=True):
        assert main(command.split()) == FollowUpExit.NO
        assert capsys.readouterr().out.startswith(printed)
    assert "Follow-ups of conversion" in (example / "preview.html").read_text()


def test_with_the_way_out_nothing_is_wrong(example, capsys):
    (example / "texts" / "hello.en.txt").write_text(block("text") + " Reply STOP to end.")
    assert main(["lint", "--settings", "followups.json", "--templates", "texts"]) == FollowUpExit.DONE
    assert "nothing wrong" in capsys.readouterr().out


def test_the_page_names_everything():
    for field in Fields(links={"NAME": ""}).values():
        assert f"`{field}`" in SECTION
    for name in allow_list.FILTERS:
        assert re.search(rf"`{name}[(`]", SECTION)
    for part in files.Part:
        assert f"| `{part}` |" in SECTION
    for limit in (
        f"{MAX_NAME} characters",
        f"(a company, {MAX_COMPANY})",
        f"{templates.MAX_SMS:,} characters",
    ):
        assert limit in SECTION
    assert json.loads(block("json"))["schema"] == "leadmodel.followups/v1"
