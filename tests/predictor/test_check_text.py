"""`leadmodel-check-text`: its figures are those of others, nothing of a message leaves it, and what it cannot use it names."""

import gzip
import json
import random
from dataclasses import replace

import pytest
from sklearn.metrics import f1_score, roc_auc_score

from leadmodel_artifact.snapshot import digest, unpack
from leadmodel_messages import failure, text_report
from leadmodel_messages.errors import ErrorWord
from leadmodel_messages.exits import ValidateExit
from leadmodel_messages.report import Outcome
from leadmodel_predictor.jobs import check_text
from leadmodel_text.document import MAX_GZIP_BYTES
from leadmodel_text.enrich import Enricher
from leadmodel_text.files import dump, pack
from support.text_documents import CLASSES, message, open_document

MODEL = replace(open_document(1), examples=())
OTHER = replace(open_document(5), examples=())


def rows(count: int = 200, strange: int = 40) -> list[dict[str, str | None]]:
    draw = random.Random(2)
    own = [{"text": f"{message(draw)} please", "intent": draw.choice(CLASSES)} for _ in range(count)]
    return own + [{"text": f"zebra {message(draw)}", "intent": "out_of_scope"} for _ in range(strange)]


@pytest.fixture
def check(tmp_path):
    """Run the program on a model and messages: exit code, message, and the folder."""

    def run(model: bytes, messages: list[dict[str, str | None]], *more: str):
        (tmp_path / "text.json").write_bytes(model)
        lines = "".join(json.dumps(row) + "\n" for row in messages)
        (tmp_path / "messages.jsonl").write_text(lines)
        log = tmp_path / "log"
        log.touch()
        code = check_text.main(
            [
                f"--model={tmp_path}/text.json",
                f"--holdout={tmp_path}/messages.jsonl",
                f"--termination-log={log}",
                f"--mailbox={tmp_path}/box",
                *more,
            ]
        )
        return code, log.read_text(), tmp_path

    return run


def likeliest(text: str) -> str | None:
    answer = Enricher(MODEL).enrich(text, None, ("intent",), refused=True)["intent"]
    return answer["label"] or (answer.get("refused") or {}).get("label")


def test_the_figures_are_those_of_scikit_learn(check):
    code, line, folder = check(dump(MODEL), rows())
    report = text_report.parse(line)
    assert (code, report.outcome) == (ValidateExit.REPORTED, Outcome.MEASURED)
    own, strange = rows()[:200], rows()[200:]
    truths, guesses = [row["intent"] for row in own], [likeliest(row["text"]) or "" for row in own]
    f1 = f1_score(truths, guesses, labels=sorted({*truths}), average="macro", zero_division=0)
    assert report.measured.macro_f1 == pytest.approx(f1)
    scopes = [Enricher(MODEL).scope(row["text"]) for row in own + strange]
    assert report.scope_auroc == pytest.approx(roc_auc_score([1] * 200 + [0] * 40, scopes))
    assert report.holdout.rows == 200
    assert (report.model.name, report.model.heads[0]) == ("small", "intent")
    assert digest(unpack((folder / "box").read_bytes())) == report.model.digest == digest(dump(MODEL))


def test_confidences_as_often_right_as_they_say_have_no_calibration_error(check, monkeypatch):
    """Control: the same answers with other labels have a large one."""
    sure = replace(MODEL, intent=replace(MODEL.intent, temperature=1e-6))  # each confidence is 1
    right = [{**row, "intent": _likeliest_of(sure, row["text"])} for row in rows(strange=0)]
    right = [row for row in right if row["intent"] is not None]
    wrong = [{**row, "intent": next(c for c in CLASSES if c != row["intent"])} for row in right]
    assert text_report.parse(check(dump(sure), right)[1]).measured.ece == pytest.approx(0.0, abs=1e-9)
    assert text_report.parse(check(dump(sure), wrong)[1]).measured.ece == pytest.approx(1.0, abs=1e-9)


def _likeliest_of(document, text: str) -> str | None:
    return Enricher(document).enrich(text, None, ("intent",), refused=True)["intent"]["label"]


def test_the_serving_one_is_measured_on_the_same_messages(check, tmp_path):
    (tmp_path / "serving.json.gz").write_bytes(pack(OTHER))
    known = f"--serving-digest={digest(dump(OTHER))}"
    line = check(dump(MODEL), rows(), f"--serving={tmp_path}/serving.json.gz", known)[1]
    alone = text_report.parse(check(dump(OTHER), rows())[1])
    assert text_report.parse(line).serving == text_report.Serving(digest(dump(OTHER)), alone.measured)
    wrong = f"--serving-digest={digest(dump(MODEL))}"
    line = check(dump(MODEL), rows(), f"--serving={tmp_path}/serving.json.gz", wrong)[1]
    assert text_report.parse(line).serving is None


@pytest.mark.parametrize(
    ("model", "detail"),
    [
        (b"{}", "schema"),
        (b"\x1f\x8b damaged", "gzip"),
        (dump(replace(open_document(1), tokenizer="t0")), "tokenizer"),
        (dump(open_document(1)), "examples[0]"),  # its examples are not what it answers
    ],
)
def test_what_is_no_text_model_is_refused_by_the_path_of_the_field(check, model, detail):
    code, line, folder = check(model, rows())
    report = text_report.parse(line)
    assert (code, report.outcome, report.reason) == (
        ValidateExit.REPORTED,
        Outcome.REFUSED,
        ErrorWord.SCHEMA_MISMATCH,
    )
    assert detail in report.detail
    assert not (folder / "box").exists()


def test_another_digest_than_expected_is_refused(check):
    line = check(dump(MODEL), rows(), f"--expect-digest={digest(b'other')}")[1]
    assert text_report.parse(line).reason == ErrorWord.SOURCE_MOVED
    line = check(dump(MODEL), rows(), f"--expect-digest={digest(dump(MODEL))}")[1]
    assert text_report.parse(line).outcome is Outcome.MEASURED


@pytest.mark.parametrize(("count", "outcome"), [(49, Outcome.NOT_MEASURABLE), (50, Outcome.MEASURED)])
def test_fifty_messages_with_an_intent_are_the_least(check, count, outcome):
    report = text_report.parse(check(dump(MODEL), rows(count))[1])
    assert report.outcome is outcome
    assert report.reason == ("" if outcome is Outcome.MEASURED else ErrorWord.HOLDOUT_TOO_SMALL)


def test_messages_without_text_or_label_are_left_out(check):
    empty = [
        {"text": "", "intent": "demo"},
        {"text": "  ", "intent": "demo"},
        {"text": "hello", "intent": None},
    ]
    assert text_report.parse(check(dump(MODEL), rows() + empty)[1]).holdout.rows == 200


@pytest.mark.parametrize(
    ("more", "word", "said"),
    [
        (("--label=wish",), ErrorWord.HOLDOUT_UNAVAILABLE, "no column 'wish'"),
        (("--holdout=/nowhere",), ErrorWord.HOLDOUT_UNAVAILABLE, "nowhere"),
        (("--model=/nowhere",), ErrorWord.ARTIFACT_NOT_FOUND, "nowhere"),
        (("--mailbox=/nowhere/box",), ErrorWord.MAILBOX_UNAVAILABLE, "could not be written"),
    ],
)
def test_what_cannot_be_used_is_a_failure(check, more, word, said):
    code, line, _ = check(dump(MODEL), rows(), *more)
    found = failure.parse(line)
    assert (code, found.error) == (ValidateExit.UNMEASURED, word)
    assert said in found.message


@pytest.mark.parametrize("empty", ["", "\n\n"])
def test_a_file_without_messages_is_named_as_such(check, tmp_path, empty):
    holdout = tmp_path / "empty.jsonl"
    holdout.write_text(empty)
    found = failure.parse(check(dump(MODEL), rows(), f"--holdout={holdout}")[1])
    assert (found.error, "holds no messages" in found.message) == (ErrorWord.HOLDOUT_UNAVAILABLE, True)


def test_a_file_over_the_limit_is_named_with_its_digest(check):
    noise = random.Random(1).randbytes(MAX_GZIP_BYTES + 1000)
    code, line, _ = check(noise, rows())
    assert (code, failure.parse(line).error) == (ValidateExit.TOO_LARGE, ErrorWord.ARTIFACT_TOO_LARGE)
    assert failure.parse(line).digest == digest(noise)


def test_nothing_of_a_message_leaves(check, capfd):
    secret = [{"text": f"{row['text']} quokkasecret", "intent": row["intent"]} for row in rows()]
    bad = [{"text": "quokkasecret", "intent": ["quokkasecret"]}]
    for messages in (secret, bad):
        _, line, folder = check(dump(MODEL), messages)
        out, err = capfd.readouterr()
        assert "quokkasecret" not in out + err + line
        if (folder / "box").exists():
            assert b"quokkasecret" not in gzip.decompress((folder / "box").read_bytes())
