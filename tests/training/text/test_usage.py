"""`leadmodel-enrich`: wrong arguments, files and places are refused before anything is learned."""

import pytest

from leadmodel_messages.exits import EnrichExit
from leadmodel_text.files import load
from support.text_command import run

TRAIN = ("train", "--messages=not there.jsonl", "--out=model.json")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--want=mood",), "--want takes intent"),
        ((*TRAIN, "--seed=-1"), "--seed must"),
        ((*TRAIN, f"--seed={2**32}"), "--seed must"),
        ((*TRAIN, "--precision=1"), "--precision must"),
        ((*TRAIN, "--languages="), "--languages takes en, "),
        ((*TRAIN, "--languages=en,xx"), "--languages takes en, "),
        ((*TRAIN, f"--name={'n' * 129}"), "--name"),
        ((*TRAIN, "--name="), "--name"),
        (("--language=xx",), "--language takes one of en, "),
        (("--language=",), "--language takes one of en, "),
        (("check", "--messages=not there.jsonl", "--language=xx"), "--language takes one of en, "),
        (("suggest", "--messages=not there.jsonl", "--count=0"), "--count must"),
    ],
)
def test_a_wrong_argument_is_a_mistake_before_any_file_is_read(capsys, arguments, named):
    code, out, errors = run(capsys, *arguments)
    assert (code, out) == (EnrichExit.USAGE, "")
    assert errors.startswith(f"leadmodel-enrich: {named}")


def test_control_right_arguments_lead_to_the_file_that_is_not_there(capsys):
    right = ("--languages=en, de", f"--name={'n' * 128}", f"--seed={2**32 - 1}", "--precision=0.5")
    for arguments in (
        (*TRAIN, *right),
        ("suggest", "--messages=not there.jsonl", "--count=1", "--language=de"),
    ):
        code, _, errors = run(capsys, *arguments)
        assert code == EnrichExit.REFUSED
        assert "NotFound" in errors


def test_languages_are_listed_with_or_without_blanks(folder, capsys, tmp_path):
    arguments = ("train", f"--messages={folder}/messages.jsonl", f"--out={tmp_path}/text.json")
    assert run(capsys, *arguments, "--languages= en, de")[0] == EnrichExit.DONE
    assert load((tmp_path / "text.json").read_bytes()).languages == ("en", "de")


@pytest.mark.parametrize(
    "option",
    ["--messages={}", "--unlabelled={}", "--holdout={}", "--base={}", "--out={}", "--report={}/no/r"],
)
def test_a_folder_in_place_of_a_file_is_a_mistake_before_training(folder, capsys, tmp_path, option):
    target = tmp_path / "text.json"
    arguments = ("train", f"--messages={folder}/messages.jsonl", f"--out={target}")
    code, out, errors = run(capsys, *arguments, option.format(tmp_path))
    assert (code, out) == (EnrichExit.USAGE, "")
    assert errors.startswith(f"leadmodel-enrich: {option.format(tmp_path).replace('=', ' ')}")
    assert not target.exists()


@pytest.mark.parametrize("content", ['{"id": 1}', "no JSON", "{}"])
def test_a_wrong_model_file_is_named(capsys, tmp_path, content):
    wrong = tmp_path / "wrong.json"
    wrong.write_text(content)
    code, _, errors = run(capsys, "suggest", f"--model={wrong}", f"--messages={wrong}")
    assert code == EnrichExit.REFUSED
    assert errors.startswith(f"leadmodel-enrich: {wrong} is no text model of this release")


def test_a_wrong_base_is_named_before_the_messages_are_read(capsys, tmp_path):
    wrong = tmp_path / "wrong.json"
    wrong.write_text("{}")
    code, _, errors = run(capsys, *TRAIN[:2], f"--out={tmp_path}/text.json", f"--base={wrong}")
    assert code == EnrichExit.REFUSED
    assert errors.startswith(f"leadmodel-enrich: {wrong} is no text model")
