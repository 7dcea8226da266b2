"""Text features of lead models: answered as live leads are, taken only where they are clearly ahead, and never from a model that saw the holdout."""

import json
import os
import random
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from leadmodel_artifact.artifact import dump, load
from leadmodel_artifact.model import HEADS, SCHEMA, TEXT_SCHEMA, FeatureKind
from leadmodel_artifact.snapshot import MAX_GZIP_BYTES, pack, unpack
from leadmodel_artifact.text_features import reader
from leadmodel_messages.credentials import Source
from leadmodel_messages.training import parse
from leadmodel_predictor.jobs.validate import main as validate
from leadmodel_text.files import dump as dump_text
from leadmodel_training.__main__ import main
from leadmodel_training.columns import Rows, texts
from leadmodel_training.features import answers_column, raw_columns
from leadmodel_training.holdout import with_redacted_texts
from leadmodel_training.lead_texts import TextSource, answers
from leadmodel_training.prepare import prepare_leads
from leadmodel_training.request import TrainingRequest
from leadmodel_training.split import Refusal, Split, TrainingRefused
from leadmodel_training.step_timer import StepTimer
from leadmodel_training.text.building import Naming, build
from leadmodel_training.text.messages import Message
from leadmodel_training.text.training import INTENT, Material, Wishes, learn
from leadmodel_training.text_leaks import Unproven, out_of_fold, seen_leads
from support.object_stores import free_port, s3
from support.text_command import write
from support.text_documents import message
from support.text_lead_models import text_model
from support.text_messages import made
from support.text_worlds import rows_of, sales_en, shipped, trained

PER_DAY = 800
FULL = os.environ.get("LEADMODEL_FULL")


@pytest.fixture(scope="module")
def with_effect(tmp_path_factory):
    """A model of leads whose words count for an odds ratio of 4, and the folder of the leads."""
    folder = tmp_path_factory.mktemp("effect")
    return trained(rows_of(4.0, 1, PER_DAY, folder), shipped()), folder


def test_text_features_with_an_effect_are_taken(with_effect):
    result, _ = with_effect
    kinds = {feature.kind for feature in result.artifact.features if feature.text_model}
    assert FeatureKind.TEXT_INTENT in kinds
    assert result.artifact.schema == TEXT_SCHEMA
    comparison = result.texts.comparison
    assert comparison.delta > 3 * comparison.se
    assert result.texts.held.delta > 2 * result.texts.held.se
    assert "text features are taken" in str(result.texts)
    assert f"{comparison.delta:+.4f} ± {comparison.se:.4f}" in str(result.texts)
    assert len(pack(dump(result.artifact))) < MAX_GZIP_BYTES
    assert load(dump(result.artifact)) == result.artifact


def test_validation_measures_what_training_claims(with_effect, capsys, tmp_path):
    result, _ = with_effect
    (tmp_path / "model.json").write_bytes(dump(result.artifact))
    (tmp_path / "holdout.csv.gz").write_bytes(result.holdout)
    arguments = ["--artifact", str(tmp_path / "model.json"), "--holdout", str(tmp_path / "holdout.csv.gz")]
    assert validate([*arguments, "--termination-log", str(tmp_path / "log")]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["auc"] == pytest.approx(result.artifact.auc, abs=1e-9)


def test_without_an_effect_the_model_is_the_one_without_a_text_model(tmp_path):
    rows = rows_of(1.0, 1, PER_DAY, tmp_path)
    result, bare = trained(rows, shipped()), trained(rows, None)
    assert "text features are left out" in str(result.texts)
    assert result.artifact.schema == SCHEMA
    assert dump(result.artifact) == dump(bare.artifact)
    assert result.holdout == bare.holdout


@pytest.mark.timeout(3000)
def test_chance_is_hardly_ever_taken(tmp_path):
    """At most 5 % of the runs in worlds whose words mean nothing for the outcome; the control are worlds where the words mean something."""
    runs = 100 if FULL else 12
    taken = [
        bool(trained(rows_of(1.0, seed, PER_DAY, tmp_path), shipped()).texts.features) for seed in range(runs)
    ]
    assert sum(taken) <= max(1, runs // 20)
    assert all(trained(rows_of(4.0, seed, PER_DAY, tmp_path), shipped()).texts.features for seed in range(3))


def test_training_and_serving_answer_ten_thousand_messages_alike():
    """Bit for bit, also after JSON and gzip; as `tests/predictor/test_text_features.py` shows of predictors."""
    source, draw = TextSource(text_model().document, ("details",)), random.Random(11)
    sent = [message(draw) for _ in range(10_000)]
    features = source.features(())
    rows = Rows({"details": texts(sent)})
    columns = answers(rows, features, source.models)
    ours = raw_columns(rows.with_columns(columns), features, np.zeros(len(sent)))
    read = reader(text_model(), [feature.kind for feature in features])
    assert [feature.kind for feature in features] == list(HEADS)
    assert repr(list(zip(*ours, strict=True))) == repr(list(map(read, sent)))


def test_trees_read_texts_too(with_effect):
    _, folder = with_effect
    result = trained(rows_of(4.0, 1, PER_DAY, folder), shipped(), recipe="auto")
    assert result.texts.features
    assert result.artifact.recipe == str(result.choice.recipe)
    trees = trained(rows_of(4.0, 1, PER_DAY, folder), shipped(), recipe="trees")
    assert load(unpack(pack(dump(trees.artifact)))).text_models
    assert trees.texts.features


# --- what a text model has seen ----------------------------------------------------------------------------------------------


def own_messages() -> list[Message]:
    """Sixty messages a class, of which a word and a half say the class: learnt by heart better than out of fold."""
    return made(60, telling=1)


def own_source(messages: list[Message], **more: object) -> TextSource:
    """A text model that has learned from these messages; it knows no languages, for the messages are of made-up words."""
    silent = replace(sales_en(), language=None, sentiment=None, urgency=None, examples=())
    material = Material(messages)
    naming = Naming("own", datetime(2026, 2, 1, tzinfo=UTC))
    document = build(learn(material, Wishes(precision=0.5, allow_overlap=True)), material, naming, silent)
    return replace(TextSource(document, ("details",), False, tuple(messages), (INTENT,)), **more)


OWN = own_messages()


@pytest.fixture(scope="module")
def own() -> TextSource:
    return own_source(OWN)


def leads_of(details: list[str], ids: list[str] | None = None, start: str = "2026-03-01"):
    """Leads an hour apart, and the split that holds the newest fifth out."""
    n, begin = len(details), datetime.fromisoformat(start).replace(tzinfo=UTC).timestamp()
    columns = {
        "created_at": texts([str(int(begin) + 3600 * i) for i in range(n)]),
        "details": texts(details),
        "y": texts(["yes" if i % 3 else "no" for i in range(n)]),
    }
    request = TrainingRequest(id_column="id" if ids else None)
    leads = prepare_leads(Rows({**columns, **({"id": texts(ids)} if ids else {})}), request, StepTimer())
    cut, every = n - n // 5, np.arange(n)
    return leads, Split(every[:cut], every[:0], every[cut:], 0, every)


NEW = [f"a text of lead number {i} with other words" for i in range(60)]


def test_leads_newer_than_the_text_model_are_new_to_it(own):
    leads, split = leads_of(NEW)
    assert not len(seen_leads(leads, split, replace(own, messages=None)).places)


def test_older_leads_are_not_answered_without_the_messages(own):
    """The control: with the messages, or with the text model that comes with the project, the same leads are."""
    leads, split = leads_of(NEW, start="2026-01-31")
    with pytest.raises(Unproven, match=r"25 of 60 leads came in before or have no time.*--text-messages"):
        seen_leads(leads, split, replace(own, messages=None))
    assert not len(seen_leads(leads, split, own).places)
    assert not len(seen_leads(leads, split, replace(own, messages=None, is_shipped=True)).places)


def test_a_text_model_of_leads_in_the_holdout_is_refused(own):
    """By the id of a lead, and without ids by the words. The control: the same lead among those that are learned from."""
    by_id = [f"n {i}" for i in range(60)]
    leads, split = leads_of(NEW, [*by_id[:-1], OWN[0].lead])
    with pytest.raises(TrainingRefused, match="has learned from 1 of the 12 leads of the holdout") as caught:
        seen_leads(leads, split, own)
    assert caught.value.reason is Refusal.LEAK
    leads, split = leads_of([*NEW[:-1], OWN[0].text.upper()])
    with pytest.raises(TrainingRefused, match="has learned from 1 of the 12 leads"):
        seen_leads(leads, split, own)
    leads, split = leads_of([OWN[0].text, *NEW[1:]])
    assert seen_leads(leads, split, own).places.tolist() == [0]


def test_labels_after_the_outcome_and_another_table_are_refused(own):
    leads, split = leads_of(NEW)
    late = (replace(OWN[0], leaked=True), *OWN[1:])
    with pytest.raises(TrainingRefused, match="1 messages of the text model were labelled after the outcome"):
        seen_leads(leads, split, replace(own, messages=late))
    with pytest.raises(TrainingRefused, match="has learned from 180 messages, --text-messages has only 179"):
        seen_leads(leads, split, replace(own, messages=tuple(OWN[1:])))


def test_a_table_that_has_grown_or_of_which_messages_were_kept_out_is_taken(own):
    """As a CronJob leaves it: the text model has learned from a part. All of the table counts as seen."""
    unlike = "we would like forty chairs delivered to our office"
    leads, split = leads_of([OWN[0].text, unlike, *NEW[2:]])
    more = replace(own, messages=(*OWN, replace(OWN[0], text=unlike, lead="4711")))
    assert seen_leads(leads, split, more).places.tolist() == [0, 1]


def test_leads_that_were_learned_from_are_answered_out_of_fold(own):
    """The control: the text model knows its own messages better than it knows new ones of the same kind; out of fold it does not."""
    details = [m.text for m in OWN] + NEW
    leads, split = leads_of(details, [m.lead for m in OWN] + [f"n {i}" for i in range(60)])
    seen = seen_leads(leads, split, own)
    assert seen.places.tolist() == list(range(180))
    features = own.features(())
    (intent,) = [f for f in features if f.kind is FeatureKind.TEXT_INTENT]
    folded = out_of_fold(leads.rows, seen, own, features)[answers_column(intent)]
    heart = answers(leads.rows.take(seen.places), features, own.models)[answers_column(intent)]
    fresh = made(60, seed=5, telling=1)
    new = answers(Rows({"details": texts([m.text for m in fresh])}), features, own.models)[
        answers_column(intent)
    ]

    assert right(heart, OWN) > right(new, fresh) + 0.15
    assert abs(right(folded, OWN) - right(new, fresh)) < 0.1


def right(found, messages: list[Message]) -> float:
    return float(np.mean([label == m.labels[0] for label, m in zip(found, messages, strict=True)]))


def test_leads_are_answered_without_near_copies_that_others_wrote():
    """A message of another lead with one word more stands in another fold mostly. The control: with three words more it is no near copy."""

    def folded(more: str) -> float:
        copies = [replace(m, id=f"c {m.id}", lead=f"c {m.lead}", text=m.text + more) for m in OWN]
        source = own_source([*OWN, *copies])
        leads, split = leads_of(
            [m.text for m in OWN] + NEW, [m.lead for m in OWN] + [f"n {i}" for i in range(60)]
        )
        seen, features = seen_leads(leads, split, source), source.features(())
        (intent,) = [f for f in features if f.kind is FeatureKind.TEXT_INTENT]
        return right(out_of_fold(leads.rows, seen, source, features)[answers_column(intent)], OWN)

    assert folded(" bafogu") < folded(" bafogu hajeki lonaso") - 0.1


def test_a_training_with_an_unproven_text_model_goes_on_without_text_features(tmp_path, own):
    rows = rows_of(4.0, 1, PER_DAY, tmp_path)
    result = trained(rows, replace(own, messages=None))
    assert str(result.texts).startswith(
        "text features are left out: the text model was trained at 2026-02-01"
    )
    assert dump(result.artifact) == dump(trained(rows, None).artifact)


# --- the holdout, and the program ----------------------------------------------------------------------------------------------


def test_the_holdout_has_placeholders_for_personal_data_and_texts_of_their_length():
    features = shipped().features(())
    raw = "please call anna.schmidt@example.org for a quote, we want to buy forty seats this month"
    rows = Rows({"details": texts([raw, None, "short"])})
    written, kept, short = list(with_redacted_texts(rows, features, ()).columns["details"])
    assert "anna" not in written
    assert len(written) >= len(raw)
    assert (kept, short) == (None, "short")
    read = reader(shipped().models[shipped().digest], [feature.kind for feature in features])
    assert read(written) == read(raw)
    assert next(iter(with_redacted_texts(rows, features, ["details"]).columns["details"])) == raw


def test_another_field_of_texts(tmp_path):
    rows = rows_of(4.0, 1, PER_DAY, tmp_path)
    renamed = Rows({("wish" if n == "details" else n): c for n, c in rows.columns.items()}, rows.place_of)
    result = trained(renamed, shipped("wish"))
    assert {f.name for f in result.artifact.features if f.source == "wish"} >= {"wish_len", "wish_intent"}
    with pytest.raises(ValueError, match="--text-field names column 'y', which holds no text"):
        trained(renamed, shipped("wish", "y"))
    with pytest.raises(ValueError, match="no column 'wish'"):
        trained(rows, shipped("wish"))


def test_the_program_says_whether_and_by_how_much(tmp_path, capsys):
    rows_of(4.0, 2, PER_DAY, tmp_path)
    (tmp_path / "text.json").write_bytes(dump_text(sales_en()))
    arguments = ["--leads", str(tmp_path / "leads-2-4.0.csv"), "--out", str(tmp_path / "out")]
    log = ["--termination-log", str(tmp_path / "log")]
    assert main([*arguments, *log, "--text-model", str(tmp_path / "text.json")]) == 0
    written = capsys.readouterr()
    answer = parse(written.out)
    assert answer.texts is not None
    assert answer.texts.startswith("text features are taken: on the newest ")
    assert answer.texts in written.err
    assert json.loads((tmp_path / "out" / "model.json").read_bytes())["schema"] == TEXT_SCHEMA
    left_out = [*arguments, *log, "--text-model", str(tmp_path / "text.json"), "--exclude", "details"]
    assert main(left_out) == 0
    assert "text features are left out: the leads have no texts in 'details'" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([*arguments, *log, "--text-messages", "m.jsonl"])


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """A folder with leads and a text model, the arguments that train on them, and the artifact without a text model."""
    folder = tmp_path_factory.mktemp("few")
    rows_of(4.0, 2, PER_DAY, folder)
    (folder / "text.json").write_bytes(dump_text(sales_en()))
    (folder / "other.json").write_bytes(b"{}")
    arguments = ["--leads", f"{folder}/leads-2-4.0.csv", "--out", f"{folder}/out"]
    arguments += ["--termination-log", f"{folder}/log"]
    assert main(arguments) == 0
    return folder, arguments, without_time(folder / "out" / "model.json")


def without_time(path: Path) -> dict[str, object]:
    """The artifact in a file, but for the time of its training."""
    fields = json.loads(path.read_bytes())
    return {name: value for name, value in fields.items() if name not in {"version", "trained_at"}}


@pytest.mark.parametrize(
    ("model", "messages", "why"),
    [
        ("absent.json", None, "absent.json"),
        ("other.json", None, "is no text model of this release"),
        ("text.json", "absent.jsonl", "absent.jsonl"),
        ("text.json", "other.json", "the file holds no leads"),
        ("s3://leads/text.json", None, "s3://leads/text.json"),
    ],
)
def test_a_text_model_never_takes_the_lead_model_with_it(few, model, messages, why, capsys, monkeypatch):
    """The control is `test_the_program_says_whether_and_by_how_much`: with a text model that is there, the features are taken."""
    folder, arguments, bare = few
    for name, value in {"ENDPOINT_URL": f"http://127.0.0.1:{free_port()}", "ACCESS_KEY_ID": "a"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.setattr("leadmodel_training.text.places.PATIENCE_S", 1.0)
    more = [f"--text-messages={folder}/{messages}"] if messages else []
    where = model if "://" in model else f"{folder}/{model}"
    assert main([*arguments, f"--text-model={where}", *more]) == 0
    written = capsys.readouterr()
    reason = parse(written.out).texts
    assert reason.startswith("text features are left out: ")
    assert why in reason
    assert reason in written.err
    assert without_time(folder / "out" / "model.json") == bare


def test_a_store_of_leads_that_is_away_still_ends_the_training(few, capsys, monkeypatch):
    folder, arguments, _ = few
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setattr("leadmodel_training.__main__.PATIENCE_S", 1.0)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    assert main([*arguments, "--leads", "s3://leads/leads.csv", f"--text-model={folder}/text.json"]) == 75
    assert "s3://leads/leads.csv" in capsys.readouterr().err


def test_a_text_model_of_leads_in_the_holdout_is_left_out_of_a_training(tmp_path, own):
    rows = rows_of(4.0, 1, PER_DAY, tmp_path)
    newest = str(list(rows.columns["details"])[-1])
    result = trained(rows, replace(own, messages=(replace(OWN[0], text=newest), *OWN[1:])))
    assert "text features are left out: the text model has learned from" in str(result.texts)
    assert dump(result.artifact) == dump(trained(rows, None).artifact)


def test_text_model_and_messages_are_read_with_their_own_logins(few, tmp_path, capsys, monkeypatch):
    """The control: with the login of another source the store refuses."""
    folder, arguments, _ = few
    with ExitStack() as stack:
        for place, source in enumerate((Source.LEADS, Source.TEXT_MODEL, Source.MESSAGES)):
            key = f"KEY{place},a secret of number {place}"
            for name, value in stack.enter_context(s3(tmp_path / source, "bucket", keys=(key,))).items():
                monkeypatch.setenv(f"{source}{name}", value)
        leads = (folder / "leads-2-4.0.csv").read_bytes()
        (tmp_path / Source.LEADS / "bucket" / "leads.csv").write_bytes(leads)
        (tmp_path / Source.TEXT_MODEL / "bucket" / "text.json").write_bytes(dump_text(sales_en()))
        write(tmp_path / Source.MESSAGES / "bucket" / "messages.jsonl", made(3))
        more = ["--leads=s3://bucket/leads.csv", "--text-model=s3://bucket/text.json"]
        more += ["--text-messages=s3://bucket/messages.jsonl"]
        assert main([*arguments, *more]) == 0
        assert parse(capsys.readouterr().out).texts.startswith("text features are taken")
        monkeypatch.setenv(f"{Source.MESSAGES}AWS_SECRET_ACCESS_KEY", "of somebody else")
        assert main([*arguments, *more]) == 0
        assert "bucket/messages.jsonl" in parse(capsys.readouterr().out).texts
