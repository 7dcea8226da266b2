"""`leadmodel-enrich train` as a Job: each store with its own login, the holdout first, and a termination message for every end."""

import http.server
import json
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest

from leadmodel_artifact.snapshot import digest
from leadmodel_messages import commands, failure, text_training
from leadmodel_messages.credentials import Source
from leadmodel_messages.errors import ENRICHMENT, ErrorWord
from leadmodel_messages.exits import EnrichExit
from leadmodel_messages.text_report import OUT_OF_SCOPE
from leadmodel_predictor.jobs import check_text
from leadmodel_text.enrich import Enricher
from leadmodel_text.files import dump, load
from leadmodel_training.text.places import read_model
from support.object_stores import free_port, s3
from support.text_command import run, write
from support.text_messages import made, strange


def train(capsys, tmp_path, *more, messages=None):
    """Train with a termination message; exit code, message and errors."""
    log = tmp_path / "log"
    log.write_text("")
    path = messages or write(tmp_path / "messages.jsonl", made(40))
    code, _, errors = run(capsys, "train", f"--messages={path}", f"--termination-log={log}", *more)
    return code, log.read_text(), errors


def test_the_termination_message_names_the_model_and_its_figures(capsys, tmp_path):
    out, held = tmp_path / "text.json.gz", tmp_path / "held.jsonl"
    others = write(tmp_path / "strange.jsonl", strange())
    code, line, errors = train(
        capsys, tmp_path, f"--out={out}", f"--holdout-out={held}", f"--background={others}", "--name=own"
    )
    answer, document = text_training.parse(line), load(out.read_bytes())
    assert code == EnrichExit.DONE
    assert answer.digest == digest(dump(document))
    assert answer.holdout == digest(held.read_bytes()) == document.quality.holdout_digest
    assert (answer.name, answer.version) == ("own", document.version)
    assert answer.macro_f1 == round(document.quality.macro_f1, 6)
    assert answer.coverage == round(document.quality.coverage, 6)
    assert answer.scope_auroc is not None
    intents = [json.loads(line)["intent"] for line in held.read_text().splitlines()]
    assert answer.n_holdout == len(intents) > intents.count(OUT_OF_SCOPE) > 0
    assert answer.n_train == 120 - len(intents) + intents.count(OUT_OF_SCOPE)
    assert f"learning intent from {answer.n_train} messages" in errors


def test_the_check_of_a_cluster_measures_scope_on_the_holdout_of_a_training(capsys, tmp_path):
    out, held = tmp_path / "text.json.gz", tmp_path / "held.jsonl"
    others = write(tmp_path / "strange.jsonl", strange(200))
    path = write(tmp_path / "messages.jsonl", made(120))
    arguments = (f"--out={out}", f"--holdout-out={held}", f"--background={others}")
    assert train(capsys, tmp_path, *arguments, messages=path)[0] == EnrichExit.DONE
    given = check_text.parser().parse_args([f"--model={out}", f"--holdout={held}"])
    auroc = check_text.run(given).scope_auroc
    assert auroc is not None
    assert auroc > 0.75
    code, figures, errors = run(capsys, "check", f"--model={out}", f"--messages={held}")
    assert code == EnrichExit.DONE
    assert json.loads(figures)["unknown"] == 0
    assert "no class" not in errors
    unlabelled = held.read_text().replace(f'"{OUT_OF_SCOPE}"', "null")
    held.write_text(unlabelled)
    assert check_text.run(given).scope_auroc is None, (
        "a control: messages without a label say nothing of the scope"
    )


def test_messages_that_make_no_model_leave_the_reason(capsys, tmp_path):
    few = write(tmp_path / "few.jsonl", made(9))
    code, line, _ = train(capsys, tmp_path, f"--out={tmp_path}/t.json", messages=few)
    assert code == EnrichExit.REFUSED
    assert failure.parse(line).error is ErrorWord.TOO_FEW_MESSAGES
    assert ErrorWord.TOO_FEW_MESSAGES in ENRICHMENT


def test_a_store_that_is_away_is_tried_again_later(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.setattr("leadmodel_training.text.places.PATIENCE_S", 1.0)
    code, line, _ = train(capsys, tmp_path, f"--out={tmp_path}/t.json", messages="s3://leads/m.jsonl")
    assert code == EnrichExit.LATER == 75
    assert failure.parse(line).error is ErrorWord.UNREACHABLE


def test_wrong_arguments_leave_a_message_too(capsys, tmp_path):
    code, line, _ = train(capsys, tmp_path, f"--out={tmp_path}/t.json", "--holdout-share=1")
    assert code == EnrichExit.USAGE
    assert failure.parse(line).error is ErrorWord.BAD_REQUEST


@pytest.mark.parametrize("flag", ["--holdout-out", "--report", "--messages"])
def test_two_files_at_one_place_are_a_mistake(capsys, tmp_path, flag):
    code, line, _ = train(capsys, tmp_path, f"--out={tmp_path}/t.json", f"{flag}={tmp_path}/t.json")
    assert code == EnrichExit.USAGE
    assert "different places" in failure.parse(line).message


@contextmanager
def stores(folder):
    """An S3 server for each source, each with a login of its own; the variables of a Job's Secrets."""
    with ExitStack() as stack:
        secrets = {}
        for place, source in enumerate(Source):
            key = f"KEY{place},a secret of number {place}"
            login = stack.enter_context(s3(folder / source, "leads", keys=(key,)))
            secrets |= {f"{source}{name}": value for name, value in login.items()}
        yield secrets


URIS = {
    "--messages": "s3://leads/messages.jsonl",
    "--out": "s3://leads/text.json.gz",
    "--holdout-out": "s3://leads/held.jsonl.gz",
}


def test_each_store_is_reached_with_its_own_login(capsys, tmp_path, monkeypatch):
    with stores(tmp_path) as secrets:
        for name, value in secrets.items():
            monkeypatch.setenv(name, value)
        write(tmp_path / Source.LEADS / "leads" / "messages.jsonl", made(40))
        options = [f"{flag}={uri}" for flag, uri in URIS.items() if flag != "--messages"]
        code, line, errors = train(capsys, tmp_path, *options, messages=URIS["--messages"])
        assert (code, "NotFound" in errors) == (EnrichExit.DONE, False)
        assert text_training.parse(line).uri == URIS["--out"]
        assert [path.name for path in (tmp_path / Source.HOLDOUT / "leads").iterdir()] == ["held.jsonl.gz"]
        assert [path.name for path in (tmp_path / Source.ARTIFACT / "leads").iterdir()] == ["text.json.gz"]


def test_control_a_login_of_another_source_is_refused(capsys, tmp_path, monkeypatch):
    with stores(tmp_path) as secrets:
        for name, own in secrets.items():
            value = own
            if name.startswith(Source.HOLDOUT) and "KEY" in name:
                value = secrets[f"{Source.ARTIFACT}{name.removeprefix(Source.HOLDOUT)}"]
            monkeypatch.setenv(name, value)
        write(tmp_path / Source.LEADS / "leads" / "messages.jsonl", made(40))
        options = [f"{flag}={uri}" for flag, uri in URIS.items() if flag != "--messages"]
        code, line, _ = train(capsys, tmp_path, *options, messages=URIS["--messages"])
        assert code == EnrichExit.REFUSED
        assert failure.parse(line).error is ErrorWord.FORBIDDEN
        assert not (tmp_path / Source.ARTIFACT / "leads" / "text.json.gz").exists()


@contextmanager
def web_store(refuses):
    """A store that takes what is put, but for one path; the paths in the order of writing."""
    taken = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_PUT(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            taken.append(self.path)
            self.send_response(403 if self.path == refuses else 201)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", taken
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("refuses", "taken"),
    [(None, ["/held", "/report", "/text.json"]), ("/held", ["/held"]), ("/report", ["/held", "/report"])],
)
def test_a_model_never_names_a_holdout_that_is_not_there(capsys, tmp_path, refuses, taken):
    with web_store(refuses) as (address, written):
        options = [
            f"--out={address}/text.json",
            f"--report={address}/report",
            f"--holdout-out={address}/held",
        ]
        code, _, _ = train(capsys, tmp_path, *options)
        assert written == taken
        assert code == (EnrichExit.REFUSED if refuses else EnrichExit.DONE)


PRESSING = "We need the offer urgently, the deadline is today!"
DRINGEND = "Wir brauchen das Angebot dringend, bitte melden Sie sich noch heute bei uns"
RUHIG = "Wir haben Zeit, melden Sie sich irgendwann im Sommer bei uns wegen des Angebots"


def trained_by_a_cronjob(capsys, tmp_path, languages):
    """The text model that the CronJob of `spec.enrichment.training` makes: no base is named, and intents alone are learned."""
    messages = write(tmp_path / "messages.jsonl", made(40))
    arguments = commands.train_text(
        messages=str(messages),
        model=str(tmp_path / "text.json.gz"),
        holdout=str(tmp_path / "held.jsonl"),
        name="own",
        languages=languages,
    )
    code, _, errors = run(capsys, *arguments, f"--termination-log={tmp_path}/log")
    assert code == EnrichExit.DONE, errors
    return Enricher(load((tmp_path / "text.json.gz").read_bytes()))


@pytest.mark.parametrize("languages", [(), ("en",), ("de", "en")])
def test_a_cronjob_keeps_the_heads_of_the_shipped_model(capsys, tmp_path, languages):
    enricher = trained_by_a_cronjob(capsys, tmp_path, languages)
    heads, shipped = enricher.document, read_model(None)
    assert heads.intent.classes != shipped.intent.classes
    assert (heads.urgency, heads.sentiment) == (shipped.urgency, shipped.sentiment)
    assert heads.language == shipped.language
    answer = enricher.enrich(PRESSING)
    assert answer["urgency"]["level"] == "high"
    assert answer["language"]["label"] == "en"
    assert answer["sentiment"]["label"] is not None


def test_of_other_languages_it_keeps_the_cues_and_no_english_words(capsys, tmp_path):
    """The control: the head of the shipped model reads a meaning into German words."""
    enricher = trained_by_a_cronjob(capsys, tmp_path, ("de",))
    heads, shipped = enricher.document, read_model(None)
    assert heads.sentiment is None
    assert heads.language == shipped.language
    hurried = enricher.enrich(DRINGEND)["urgency"]
    assert {reason.get("cue") for reason in hurried["reasons"]} == {"urgent", "today"}
    assert hurried["score"] == 0.78
    assert enricher.enrich(RUHIG)["urgency"]["score"] == 0.0
    english = replace(shipped, languages=("de",), examples=())
    assert Enricher(english).enrich(RUHIG)["urgency"]["score"] > 0.1
