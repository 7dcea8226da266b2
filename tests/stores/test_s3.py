"""The programs on a real S3 server: what they read and write there, and what each refusal is called."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from leadmodel_messages.commands import Program
from leadmodel_predictor.jobs import poll, validate
from leadmodel_store.store import StoreError, StoreReason, fetch, put
from leadmodel_training.__main__ import main as train
from leadmodel_training.synth import main as synth
from support.object_stores import KEY, OTHER_KEY, OTHER_SECRET, SECRET, s3

MODEL, HOLDOUT = "s3://leads/conversion/model.json", "s3://leads/conversion/holdout.csv.gz"
POD = {  # what a cluster, a person and an image put beside the login
    "AWS_STS_REGIONAL_ENDPOINTS": "regional",
    "AWS_PROFILE": "nobody",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ALLOW_HTTP": "true",
    "AWS_SESSION_TOKEN": "",
    "AWS_CA_BUNDLE": "",
    "AWS_SOMETHING_NEW": "left alone",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("s3")
    with s3(folder, "leads", "private", keys=(f"{KEY},{SECRET}", f"{OTHER_KEY},{OTHER_SECRET}")) as login:
        yield {**login, "SERVER_FOLDER": str(folder)}


def run(
    program: Program, *arguments: str, log: Path | None = None, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run a program as a pod does, with these variables and none of this process's own logins."""
    base = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "AZURE_"))}
    more = [f"--termination-log={log}"] if log else []
    command = [sys.executable, "-m", program.module, *arguments, *more]
    return subprocess.run(
        command, check=False, text=True, capture_output=True, env={**base, **environ}, timeout=240
    )


def has_variables(patch: pytest.MonkeyPatch, environ: dict[str, str]) -> None:
    """Give this process the variables of a pod, and none of its own logins, for programs that need no process of their own."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "AZURE_"))]:
        patch.delenv(name)
    for name, value in environ.items():
        patch.setenv(name, value)


@pytest.fixture(scope="module")
def trained(server: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A model that `leadmodel-train --out s3://…` wrote; its answer."""
    leads = tmp_path_factory.mktemp("leads") / "leads.csv.gz"
    assert synth(["--seed", "1", "--days", "20", "--per-day", "300", "--out", str(leads)]) == 0
    put("s3://leads/leads.csv.gz", leads.read_bytes(), environ=server)
    ended = run(
        Program.TRAIN, "--leads=s3://leads/leads.csv.gz", "--out=s3://leads/conversion", **{**server, **POD}
    )
    assert ended.returncode == 0, ended.stderr
    return dict(json.loads(ended.stdout))


def test_training_writes_to_the_store_and_to_no_folder(server, trained):
    assert trained["uri"] == MODEL
    assert "model" not in trained
    held = fetch(HOLDOUT, max_bytes=1 << 20, environ=server).data
    assert b"," in gzip.decompress(held)
    assert not Path("s3:").exists()


def test_a_poll_names_what_training_wrote_and_then_that_nothing_changed(server, trained, tmp_path):
    log = tmp_path / "log"
    log.touch()
    first = run(Program.POLL, f"--artifact={MODEL}", f"--holdout={HOLDOUT}", log=log, **{**server, **POD})
    answer = json.loads(first.stdout)
    assert first.returncode == 0
    assert (answer["digest"], answer["holdout"]["digest"]) == (trained["digest"], trained["holdout"])
    assert json.loads(log.read_text()) == answer
    again = run(
        Program.POLL, f"--artifact={MODEL}", f"--holdout={HOLDOUT}", f"--etag={answer['etag']}",
        f"--holdout-etag={answer['holdout']['etag']}", **{**server, **POD},
    )  # fmt: skip
    assert [json.loads(again.stdout)[at] for at in ("notModified", "digest")] == [True, None]
    assert json.loads(again.stdout)["holdout"]["notModified"] is True


def test_a_validation_measures_what_training_claimed(server, trained):
    ended = run(Program.VALIDATE, f"--artifact={MODEL}", f"--holdout={HOLDOUT}", **{**server, **POD})
    report = json.loads(ended.stdout)
    assert (ended.returncode, report["outcome"]) == (0, "Measured")
    assert report["auc"] == pytest.approx(trained["auc"], abs=1e-6)


def test_a_predictor_reads_its_model(server, trained):
    """With a lock above what the model claims the program ends at once, after it has read the model."""
    ended = run(Program.PREDICTOR, f"--artifact={MODEL}", "--min-auc=0.99", **{**server, **POD})
    assert ended.returncode == 3
    assert "is below 0.99" in ended.stderr


@pytest.mark.parametrize(
    ("uri", "changed", "word", "says"),
    [
        ("s3://leads/nothing.json", {}, "ArtifactNotFound", "is not there"),
        ("s3://nobody/model.json", {}, "ArtifactNotFound", "nobody does not exist"),
        (
            MODEL,
            {"AWS_SECRET_ACCESS_KEY": "wrong"},
            "ArtifactForbidden",
            "AWS_SECRET_ACCESS_KEY does not belong",
        ),
        (
            MODEL,
            {"AWS_ACCESS_KEY_ID": "WRONG"},
            "ArtifactForbidden",
            "does not know the key of AWS_ACCESS_KEY_ID",
        ),
        (MODEL, {"AWS_SECRET_ACCESS_KEY": ""}, "ArtifactForbidden", "are needed together"),
        (MODEL, {"AWS_SECRET_ACCESS_KEY": "two\nlines"}, "ArtifactForbidden", "holds a line break"),
        (
            MODEL,
            {"AWS_ENDPOINT_URL": "localhost:9000"},
            "ArtifactForbidden",
            "AWS_ENDPOINT_URL must start with",
        ),
        (MODEL, {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "ArtifactUnreachable", "connection was refused"),
        (MODEL, {"AWS_ENDPOINT_URL": "http://store.invalid"}, "ArtifactUnreachable", "no address is known"),
        (MODEL, {"AWS_CA_BUNDLE": "/nowhere.pem"}, "ArtifactForbidden", "AWS_CA_BUNDLE names a file"),
        (MODEL, {"AWS_ALLOW_HTTP": "perhaps"}, "ArtifactForbidden", "AWS_ALLOW_HTTP must be true or false"),
        ("s3://leads/a//b", {}, "ArtifactBadUri", "an empty part"),
        ("s3://le ads/b", {}, "ArtifactBadUri", "must name a bucket and a key"),
        ("ftp://leads/b", {}, "ArtifactBadUri", "must start with s3://"),
    ],
)
def test_poll_and_validation_call_a_refusal_alike(
    server, trained, tmp_path, capfd, monkeypatch, uri, changed, word, says
):
    log = tmp_path / "log"
    has_variables(monkeypatch, {**server, **changed})
    for program in (poll, validate):
        log.write_text("")
        code = program.main([f"--artifact={uri}", f"--holdout={HOLDOUT}", f"--termination-log={log}"])
        failure = json.loads(log.read_text())
        assert (code, failure["error"]) == (1, word)
        assert says in failure["message"]
        shown = "".join(capfd.readouterr())
        assert "Traceback" not in shown
        assert SECRET not in shown + log.read_text()


def test_a_wrong_holdout_is_told_by_the_validation(server, trained):
    ended = run(Program.VALIDATE, f"--artifact={MODEL}", "--holdout=s3://leads/no.csv", **server)
    assert ended.returncode == 1
    assert "s3://leads/no.csv is not there" in ended.stderr


@pytest.mark.parametrize("end", ["\n", "\r\n", " "])
def test_a_secret_that_ends_with_a_line_end_logs_in(server, trained, end):
    login = {**server, **{n: f" {server[n]}{end}" for n in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}}
    assert fetch(MODEL, max_bytes=1 << 20, environ=login).data


def test_only_the_given_variables_count(server, trained, monkeypatch):
    """What the process itself holds is another source's, or blank."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "")
    assert fetch(MODEL, max_bytes=1 << 20, environ=server).data
    assert os.environ["AWS_ENDPOINT_URL_S3"] == "http://127.0.0.1:9"


def test_control_a_store_that_reads_the_process_takes_the_wrong_server(server, trained, monkeypatch):
    import contextlib

    from leadmodel_store import objects

    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setattr(objects, "own_variables_hidden", contextlib.nullcontext)
    with pytest.raises(StoreError, match="refused"):
        fetch(MODEL, max_bytes=1 << 20, environ=server)


def test_the_size_limit_holds_before_a_byte_is_read(server, trained):
    with pytest.raises(StoreError) as caught:
        fetch(MODEL, max_bytes=10, environ=server)
    assert caught.value.reason is StoreReason.TOO_LARGE
    assert caught.value.size
    assert caught.value.etag


def test_an_upload_that_is_refused_leaves_what_was_there(server, trained):
    before = fetch(MODEL, max_bytes=1 << 20, environ=server).data
    with pytest.raises(StoreError, match="may not be written"):
        put(MODEL, b"torn", environ={**server, "AWS_SECRET_ACCESS_KEY": "wrong"})
    assert fetch(MODEL, max_bytes=1 << 20, environ=server).data == before
    with pytest.raises(StoreError, match="nobody does not exist"):
        put("s3://nobody/x", b"x", environ=server)


def test_training_refuses_a_target_before_it_trains(server, tmp_path, capsys, monkeypatch):
    """Leads are not even read: the file does not exist."""
    given = [f"--leads={tmp_path / 'none.csv'}", f"--termination-log={tmp_path / 'log'}"]
    has_variables(monkeypatch, server)
    for targets, says in (
        (["--out=s4://leads/x"], "must start with s3://"),
        (["--out=s3://"], "must name a bucket and a key"),
        (["--artifact=s3://leads/a", "--holdout=ftp://x/y"], "must start with s3://"),
    ):
        assert train([*given, *targets]) == 1
        assert says in capsys.readouterr().err
    assert train([*given, "--out=s3://leads/x"]) == 1
    assert "none.csv" in capsys.readouterr().err, (
        "the control: a target that may be written, so that leads are read"
    )
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "")
    assert train([*given, "--out=s3://leads/x"]) == 1
    assert "are needed together" in capsys.readouterr().err


def test_a_report_of_a_backfill_lies_in_the_store(server):
    from leadmodel_privacy.backfill.outputs import write_report

    where = "s3://leads/reports"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.items():
            patch.setenv(name, value)
        written = write_report(where, None, "tonight", {"keys": 3}, keep_s=60, now=0.0)
    assert written == f"{where}/backfill-tonight.json"
    assert json.loads(fetch(written, max_bytes=1000, environ=server).data) == {"keys": 3}


# --- credentials per source -----------------------------------------------------------------------------------------------


def two_secrets(artifact: dict[str, str], holdout: dict[str, str]) -> dict[str, str]:
    """The variables of a pod with two Secrets, as the operator renders them: copies for older images, then each under its prefix."""
    shared = {**artifact, **holdout}
    prefixed = {f"ARTIFACT_STORE_{n}": v for n, v in artifact.items()} | {
        f"HOLDOUT_STORE_{n}": v for n, v in holdout.items()
    }
    return shared | prefixed


def test_artifact_and_holdout_are_read_with_keys_of_their_own(server, trained):
    artifact = {n: server[n] for n in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    held = {**artifact, "AWS_ACCESS_KEY_ID": OTHER_KEY, "AWS_SECRET_ACCESS_KEY": OTHER_SECRET}
    wrong = {**held, "AWS_SECRET_ACCESS_KEY": "wrong"}
    arguments = (f"--artifact={MODEL}", f"--holdout={HOLDOUT}")
    both = run(Program.POLL, *arguments, **two_secrets(artifact, held))
    assert json.loads(both.stdout)["holdout"]["digest"] == trained["holdout"]
    one = run(Program.POLL, *arguments, **two_secrets(artifact, wrong))
    assert json.loads(one.stdout)["digest"] == trained["digest"]
    assert json.loads(one.stdout)["holdout"] is None
    judged = run(Program.VALIDATE, *arguments, **two_secrets(wrong, held))
    assert "AWS_SECRET_ACCESS_KEY does not belong" in judged.stderr


def test_control_one_environment_for_both_reads_the_artifact_with_the_holdouts_keys(server, trained):
    artifact = {n: server[n] for n in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    wrong = {**artifact, "AWS_SECRET_ACCESS_KEY": "wrong"}
    shared = run(Program.POLL, f"--artifact={MODEL}", f"--holdout={HOLDOUT}", **{**artifact, **wrong})
    assert json.loads(shared.stdout)["error"] == "ArtifactForbidden"


@pytest.fixture
def two_servers(tmp_path: Path) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """Logins to two servers that do not know each other's key; an artifact on the first, a holdout on the second."""
    other_key = (f"{OTHER_KEY},{OTHER_SECRET}",)
    with s3(tmp_path / "one", "leads") as one, s3(tmp_path / "two", "leads", keys=other_key) as two:
        put("s3://leads/model.json", b"{}", environ=one)
        put("s3://leads/holdout.csv", b"a,y\n1,1\n", environ=two)
        yield one, two


POLLED = ("--artifact=s3://leads/model.json", "--holdout=s3://leads/holdout.csv")


def test_two_servers_with_a_key_each_are_both_read(two_servers):
    one, two = two_servers
    answer = json.loads(run(Program.POLL, *POLLED, **two_secrets(one, two)).stdout)
    assert answer["size"] == 2
    assert answer["holdout"]["size"] == 8


def test_control_neither_login_reads_the_files_of_the_other(two_servers):
    one, two = two_servers
    swapped = json.loads(run(Program.POLL, *POLLED, **two_secrets(two, one)).stdout)
    assert swapped["error"] == "ArtifactNotFound"
    alone = json.loads(run(Program.POLL, *POLLED, **one).stdout)
    assert alone["holdout"] is None
    assert "holdout" in alone["holdoutError"]
    for login, other in ((one, two), (two, one)):
        with pytest.raises(StoreError) as refused:
            fetch(
                POLLED[0].partition("=")[2],
                max_bytes=99,
                environ={**login, "AWS_ENDPOINT_URL": other["AWS_ENDPOINT_URL"]},
            )
        assert refused.value.reason is StoreReason.FORBIDDEN
