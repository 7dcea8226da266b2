"""What the tests on a real cluster share with other processes and threads: numbers of clusters, and a thread that must not end unseen."""

import base64
import fcntl
import json
import os
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cluster.place import Place
from e2e.harness import images
from e2e.harness.cluster import IMAGES, Cluster, named, wait_for
from e2e.harness.monitoring import followed
from e2e.harness.second import second_cluster
from e2e.harness.transcript import Transcript
from e2e.test_scenarios import TWINS
from scenarios.scripts import SCENARIOS
from support.checking_stub import Authority, Request, stub

SCRAPE = {"job_name": "pods", "kubernetes_sd_configs": [{"role": "pod"}]}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of its own, on which copying images takes no time."""
    for module in ("cluster.place", "e2e.harness.second"):
        monkeypatch.setattr(f"{module}.CACHE", tmp_path)
    monkeypatch.setattr("e2e.harness.second.copy_images", lambda place, tag: None)
    return tmp_path


def test_two_sessions_never_bring_up_the_same_second_cluster(machine, monkeypatch):
    """The other session begins while the first one's cluster comes up, when nothing of it lies on the disk yet."""
    taken: list[int] = []
    ended: list[str] = []

    def other() -> None:
        with second_cluster("tag") as place:
            taken.append(place.number)

    session = threading.Thread(target=other)

    def run(*command: str) -> str:
        if command[-1] == "down":
            ended.append(command[1])
        else:
            if threading.current_thread() is not session:
                session.start()
                session.join(0.5)  # without the lock it takes its number now
            Place(int(command[1].partition("=")[2])).folder.mkdir(exist_ok=True)
        return ""

    monkeypatch.setattr("e2e.harness.second.run", run)
    with second_cluster("tag") as place:
        session.join()
    assert [place.number, *taken] == [0, 1]
    assert ended == ["LEADMODEL_CLUSTER=1", "LEADMODEL_CLUSTER=0"]


def test_a_second_cluster_that_does_not_come_up_is_taken_down(machine, monkeypatch):
    commands: list[str] = []

    def run(*command: str) -> str:
        commands.append(command[-1])
        if command[-1] == "up":
            raise RuntimeError("up failed")
        return ""

    monkeypatch.setattr("e2e.harness.second.run", run)
    with pytest.raises(RuntimeError, match="up failed"), second_cluster("tag"):
        pass
    assert commands == ["up", "down"]


def is_locked(file: Path) -> bool:
    """Whether another process would have to wait for a lock."""
    with file.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def commands_on_images(
    cache: Path, monkeypatch: pytest.MonkeyPatch, target: str, beside: Place | None = None
) -> list[tuple[str, bool]]:
    """The commands that build and import images, each with whether another checkout on this machine would wait meanwhile.

    `beside`: a cluster that has the images already.
    """
    seen: list[tuple[str, bool]] = []

    def run(*command: str, check: bool = True) -> str:
        seen.append((" ".join(command[:2]), is_locked(cache / "images.lock")))
        if beside is not None and beside.socket in command and "ls" in command:
            return "".join(f"{named(image, 'tag')}\n" for image in IMAGES)
        for part in command:
            if part.startswith("oci-archive:"):
                Path(part.split(":")[1]).touch()
        return ""

    def put(_: Place, image: object) -> None:
        seen.append(("import", is_locked(cache / "images.lock")))

    monkeypatch.setattr(images, "run", run)
    monkeypatch.setattr(images, "TARGET", SimpleNamespace(name=target))
    monkeypatch.setattr(images, "import_image", put)
    monkeypatch.setattr(images, "kind_load", put)
    monkeypatch.setattr(images, "others", lambda: [beside] if beside else [])
    images.provide("tag")
    return seen


@pytest.mark.parametrize(("target", "count"), [("own", 18), ("kind", 6)])
def test_two_checkouts_never_build_images_at_once(target, count, tmp_path, monkeypatch):
    """The folder of the lock is the machine's, and so the same for each checkout."""
    monkeypatch.setattr(images, "CACHE", tmp_path)
    seen = commands_on_images(tmp_path, monkeypatch, target)
    assert len(seen) == count
    assert [command for command, locked in seen if not locked] == []
    assert not is_locked(tmp_path / "images.lock")


def test_control_a_lock_of_the_checkout_stops_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr(images, "CACHE", tmp_path / "checkout")
    seen = commands_on_images(tmp_path, monkeypatch, "own")
    assert not any(locked for _, locked in seen)


def test_a_second_cluster_takes_the_images_of_the_first(tmp_path, monkeypatch):
    """The control: alone it builds each image."""
    monkeypatch.setattr(images, "CACHE", tmp_path)
    commands = [command for command, _ in commands_on_images(tmp_path, monkeypatch, "own", Place(1))]
    assert commands == ["ctr -a", "ctr -a", *["ctr -a", "import"] * len(IMAGES)]
    alone = [command for command, _ in commands_on_images(tmp_path, monkeypatch, "own")]
    assert alone.count("buildah push") == len(IMAGES)


class Listing(Cluster):
    """A cluster that answers each listing with the next of these texts, and then with the last one again."""

    def __init__(self, *answers: str | Exception) -> None:
        super().__init__("none")
        self.answers, self.seen = list(answers), threading.Event()

    def kubectl(self, *arguments: str, **settings: Any) -> str:
        if len(self.answers) == 1:
            self.seen.set()
            answer = self.answers[0]
        else:
            answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_a_listing_that_nothing_follows_any_more_is_an_error(tmp_path):
    cluster = Listing(json.dumps({"items": [{"kind": "Pod"}]}))
    with pytest.raises(KeyError, match="status"), followed(cluster, [SCRAPE], tmp_path):
        assert cluster.seen.wait(30)


def test_an_api_server_that_does_not_answer_for_a_moment_is_asked_again(tmp_path):
    """The control: what a moment without an API server gives ends nothing."""
    cluster = Listing(RuntimeError("kubectl failed"), "no JSON", json.dumps({"items": []}))
    with followed(cluster, [SCRAPE], tmp_path):
        assert cluster.seen.wait(30)
    assert json.loads((tmp_path / "pods.json").read_text()) == []


def test_a_transcript_keeps_commands_with_their_outputs(tmp_path):
    transcript = Transcript(tmp_path, {**os.environ, "WORD": "two"})
    transcript.write("First:")
    assert transcript.run("echo; echo one; echo $WORD >&2; echo") == "one\ntwo"
    assert (
        transcript.page("# Head")
        == "# Head\n\nFirst:\n\n```text\n$ echo; echo one; echo $WORD >&2; echo\none\ntwo\n```\n"
    )


def test_a_transcript_ends_where_a_command_fails(tmp_path):
    transcript = Transcript(tmp_path, dict(os.environ))
    with pytest.raises(AssertionError, match="ended with 3: no such thing"):
        transcript.run("echo no such thing; exit 3")
    assert transcript.parts == []


# --- reads while a test waits ------------------------------------------------------------------------------------------------------

POD = {"metadata": {"name": "a", "managedFields": [{"manager": "x"}]}}


class Asked(Cluster):
    """A cluster whose kubectl only counts."""

    def kubectl(self, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
        by_kubectl.append(arguments)
        return '{"items": []}' if arguments[1] == "pods" and arguments[2] == "-n" else ""


by_kubectl: list[tuple[str, ...]] = []


@pytest.fixture
def reads(tmp_path):
    """A cluster whose API server has one pod, and what that server was asked."""

    def answer(request: Request) -> None:
        if "/pods" not in request.path:
            request.answer(404, b'{"kind": "Status"}')
        elif request.path.endswith("/pods/a"):
            request.answer(200, json.dumps({"kind": "Pod", "apiVersion": "v1", **POD}).encode())
        else:
            request.answer(200, json.dumps({"kind": "PodList", "apiVersion": "v1", "items": [POD]}).encode())

    by_kubectl.clear()
    authority = Authority(tmp_path)
    chain, key = authority.sign()
    with stub(answer, (chain, key)) as api:
        data = {
            name: base64.b64encode(file.read_bytes()).decode()
            for name, file in (("chain", chain), ("key", key))
        }
        config = {
            "clusters": [
                {
                    "cluster": {
                        "server": api.address,
                        "certificate-authority-data": base64.b64encode(authority.pem.encode()).decode(),
                    }
                }
            ],
            "users": [{"user": {"client-certificate-data": data["chain"], "client-key-data": data["key"]}}],
        }
        (tmp_path / "kubeconfig").write_text(json.dumps(config))
        yield Asked(str(tmp_path / "kubeconfig")), api


def test_a_test_that_waits_starts_no_kubectl(reads):
    cluster, api = reads
    shown = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a"}}
    assert wait_for("a pod", lambda: cluster.items("pods", "sales", "role=predictor")) == [shown]
    assert wait_for("a pod", lambda: cluster.get("pods", "a", "sales")) == shown
    assert by_kubectl == []
    assert [request.path for request in api.requests] == [
        "/api/v1/namespaces/sales/pods?labelSelector=role%3Dpredictor",
        "/api/v1/namespaces/sales/pods/a",
    ]


def test_control_what_a_test_asserts_comes_by_kubectl(reads):
    cluster, api = reads
    assert cluster.items("pods", "sales") == []
    assert len(by_kubectl) == 1
    assert api.requests == []


@pytest.mark.parametrize("kind", ["lm", "namespace", "deploy,svc"])
def test_what_is_not_there_or_of_another_kind_is_left_to_kubectl(reads, kind):
    cluster, _ = reads
    assert wait_for("nothing", lambda: cluster.get(kind, "a", "sales") is None)
    assert len(by_kubectl) == 1


def test_another_login_is_left_to_kubectl(tmp_path):
    by_kubectl.clear()
    (tmp_path / "kubeconfig").write_text(
        '{"clusters": [{"cluster": {"server": "https://x"}}], "users": [{"user": {"token": "t"}}]}'
    )
    cluster = Asked(str(tmp_path / "kubeconfig"))
    assert wait_for("nothing", lambda: cluster.get("pods", "a", "sales") is None)
    assert len(by_kubectl) == 1


# --- what runs with LEADMODEL_FULL=1 alone -------------------------------------------------------------------------------------------


def test_a_scenario_that_is_left_out_has_a_twin_on_the_cluster_and_is_played_on_a_laptop():
    assert TWINS.keys() < SCENARIOS.keys()
    for twin in TWINS.values():
        file, _, function = twin.partition("::")
        assert f"\ndef {function}(" in (Path(__file__).parents[1] / "e2e" / file).read_text(), twin
