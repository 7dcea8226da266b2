"""The answer of a poll names why it has no holdout, and readers of either age take it."""

import json
from pathlib import Path

import pytest

from leadmodel_messages import poll
from leadmodel_messages.poll import PollAnswer, Stored
from leadmodel_predictor.jobs.poll import main

ARTIFACT = Stored("sha256:" + "1" * 64, 3, "7")


def answer_of(folder: Path, capsys: pytest.CaptureFixture[str], *flags: str) -> PollAnswer:
    (folder / "model.json").write_text("{}")
    assert main([f"--artifact=file://{folder / 'model.json'}", *flags]) == 0
    return poll.parse(capsys.readouterr().out)


def test_a_holdout_that_was_not_given_and_one_that_is_not_there(tmp_path, capsys):
    ungiven = answer_of(tmp_path, capsys)
    assert (ungiven.holdout, ungiven.holdout_error) == (None, "no --holdout was given")
    gone = answer_of(tmp_path, capsys, f"--holdout=file://{tmp_path / 'holdout.csv.gz'}")
    assert gone.holdout is None
    assert "holdout.csv.gz" in gone.holdout_error


def test_control_a_holdout_that_is_read_has_no_error(tmp_path, capsys):
    (tmp_path / "holdout.csv").write_text("a,y\n1,1\n")
    answer = answer_of(tmp_path, capsys, f"--holdout=file://{tmp_path / 'holdout.csv'}")
    assert answer.holdout is not None
    assert answer.holdout_error == ""
    assert "holdoutError" not in json.loads(poll.dump(answer))


def test_an_older_reader_passes_over_it_and_an_older_answer_reads():
    line = poll.dump(PollAnswer("s3://leads/model.json", ARTIFACT, None, "gone\x1b[2J " + "é" * 1000))
    assert len(line) < 4096
    document = json.loads(line)
    assert document.pop("holdoutError").isprintable()
    assert poll.parse(json.dumps(document)) == PollAnswer("s3://leads/model.json", ARTIFACT)
