"""A wait on the real cluster that fails shows what people would ask for next, even where the cluster does not answer."""

import pytest

from e2e.harness.cluster import Cluster
from e2e.harness.store import Store
from e2e.harness.subject import Subject


class Answering(Cluster):
    """A cluster that answers from a table: the last words of a kubectl command → its output."""

    def __init__(self, answers: dict[str, str]) -> None:
        super().__init__("none")
        self.answers = answers

    def kubectl(self, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
        command = " ".join(arguments)
        return next((answer for part, answer in self.answers.items() if part in command), "")


class Away(Cluster):
    """A cluster without kubectl."""

    def kubectl(self, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
        raise FileNotFoundError("kubectl")


ANSWERS = {
    "get leadmodel conversion -n sales -o jsonpath": "Ready=False Fetching: the source is read",
    "get events": "Warning SourceUnavailable",
    "get pods -n sales -o jsonpath": "pod-a pod-b",
    "logs pod-a": "cannot bind",
    "logs -n leadmodel-system": "forbidden",
}


def waited(cluster: Cluster) -> str:
    """Give the message of a wait that ends without success."""
    subject = Subject(cluster, Store.__new__(Store), "sales")
    with pytest.raises(AssertionError) as caught:
        subject.wait("a miracle", lambda: False, seconds=0)
    return str(caught.value)


def test_a_failed_wait_shows_conditions_events_and_logs():
    message = waited(Answering(ANSWERS))
    assert message.startswith("a miracle did not happen")
    for text in ANSWERS.values():
        assert all(word in message for word in text.split())
    assert "--- log of pod pod-b\n(nothing)" in message


def test_a_cluster_that_is_away_hides_nothing():
    message = waited(Away("none"))
    assert message.startswith("a miracle did not happen")
    assert "FileNotFoundError" in message
