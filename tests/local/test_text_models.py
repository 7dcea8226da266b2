"""Text models on this machine: a check delivers, a snapshot is kept, and one file lies where every predictor looks."""

from datetime import UTC, datetime

import pytest

from leadmodel_artifact.snapshot import digest, pack
from leadmodel_local import work
from leadmodel_local.serving.snapshots import Snapshots, digest_of
from leadmodel_local.state import children, files
from leadmodel_local.state.children import Children
from leadmodel_local.state.files import ModelFolder
from leadmodel_local.work import Jobs
from leadmodel_messages.report import Outcome
from leadmodel_messages.text_report import TextModelSeen, TextReport, dump
from leadmodel_operator.planning.observed import JobKind, TextSeen
from leadmodel_operator.planning.planned import TextWork
from leadmodel_operator.reconcile import Key

NOW = datetime(2026, 1, 5, tzinfo=UTC)
ONE, TWO = b'{"name": "one"}', b'{"name": "two"}'


@pytest.fixture
def folder(tmp_path):
    return ModelFolder(tmp_path, Key("sales", "conversion"))


@pytest.fixture
def jobs(folder):
    return Jobs(folder, Children())


def checked(folder: ModelFolder, raw: bytes, named: bytes, kind: JobKind = JobKind.TEXT_CHECK) -> None:
    """A Job that ended well: it named the digest of `named` and left `raw`."""
    place = folder.job("check-1")
    files.write_json(place / "about.json", {"kind": str(kind), "created": NOW.isoformat(), "deadline": 60.0})
    report = TextReport(Outcome.MEASURED, "Measured", "image:1", TextModelSeen(digest(named), len(named), 20))
    files.write(place / children.MESSAGE, dump(report))
    for name, content in (("pid", "1"), ("exit", "0")):
        files.write(place / name, content)
    files.write(place / work.SNAPSHOT, pack(raw))


def test_what_a_check_delivers_is_kept_and_lies_where_predictors_look(folder, jobs):
    checked(folder, ONE, ONE)
    shelves = Snapshots()
    assert shelves.text_seen(folder, jobs).mailbox == digest(ONE)
    assert shelves.keep_text(folder, jobs, TextWork(serve=digest(ONE), keep=frozenset({digest(ONE)})))
    seen = shelves.text_seen(folder, jobs)
    assert (seen.snapshots, seen.mailbox, seen.served) == ({digest(ONE)}, None, digest(ONE))
    assert digest_of(folder.text_model) == digest(ONE)
    assert not shelves.keep_text(folder, jobs, TextWork(serve=digest(ONE), keep=frozenset({digest(ONE)})))


def test_bytes_of_another_hash_are_not_delivered(folder, jobs):
    """Control: the same bytes under their own name are."""
    checked(folder, ONE, TWO)
    assert Snapshots().text_seen(folder, jobs).mailbox is None
    checked(folder, TWO, TWO)
    assert Snapshots().text_seen(folder, jobs).mailbox == digest(TWO)


def test_a_validation_delivers_no_text_model(folder, jobs):
    checked(folder, ONE, ONE, JobKind.VALIDATION)
    assert Snapshots().text_seen(folder, jobs).mailbox is None


def test_a_snapshot_comes_back_without_a_check(folder, jobs):
    shelves, keep = Snapshots(), frozenset({digest(ONE), digest(TWO)})
    for raw in (ONE, TWO):
        files.write(folder.snapshot(digest(raw), files.TEXT_MODELS), pack(raw))
    for raw in (ONE, TWO, ONE):
        assert shelves.keep_text(folder, jobs, TextWork(serve=digest(raw), keep=keep))
        assert digest_of(folder.text_model) == digest(raw)


def test_what_serves_stays_while_the_wanted_one_is_missing(folder, jobs):
    """No predictor loses its text model for one that nobody holds; no other pass follows at once for ever."""
    shelves = Snapshots()
    files.write(folder.snapshot(digest(ONE), files.TEXT_MODELS), pack(ONE))
    shelves.keep_text(folder, jobs, TextWork(serve=digest(ONE), keep=frozenset({digest(ONE)})))
    assert not shelves.keep_text(
        folder, jobs, TextWork(serve=digest(TWO), keep=frozenset({digest(ONE), digest(TWO)}))
    )
    assert digest_of(folder.text_model) == digest(ONE)


def test_without_text_models_in_the_spec_nothing_is_left(folder, jobs):
    shelves = Snapshots()
    files.write(folder.snapshot(digest(ONE), files.TEXT_MODELS), pack(ONE))
    files.write(folder.snapshot(digest(TWO)), pack(TWO))
    shelves.keep_text(folder, jobs, TextWork(serve=digest(ONE), keep=frozenset({digest(ONE)})))
    shelves.keep_text(folder, jobs, TextWork())
    assert shelves.text_seen(folder, jobs) == TextSeen()
    assert shelves.held(folder) == {digest(TWO): folder.snapshot(digest(TWO))}
