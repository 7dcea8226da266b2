"""What must not serve does not serve, each for a reason of its own, and a mended source is noticed without being asked.

All cases are LeadModels of one namespace: they are broken together, watched together and mended together. What is refused by its
content waits for the next scheduled poll, what could not be fetched is tried again with backoff.
"""

import hashlib
import socket
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from e2e.harness.cluster import TARGET, Cluster
from e2e.harness.models import Model
from e2e.harness.store import Store
from e2e.harness.subject import Subject
from leadmodel_operator.kubernetes.render.jobs import poll_schedule

pytestmark = pytest.mark.gate


@dataclass(frozen=True)
class Case:
    """What is wrong, and how it must be shown."""

    validated: str
    reason: str
    said: str  # a part of the sentence
    scheduled: bool = True  # mended by the next scheduled poll; else tried again by itself


CASES = {
    "worse": Case("False", "AucBelowMinimum", "is below minAuc"),
    "truncated": Case("False", "SchemaMismatch", "refused"),
    "nan": Case("False", "SchemaMismatch", "refused"),
    "pickle": Case("False", "SchemaMismatch", "refused"),
    "schema": Case("False", "SchemaMismatch", "refused"),
    "large": Case("False", "ArtifactTooLarge", "16777216"),
    "absent": Case("Unknown", "ArtifactNotFound", "is not there", scheduled=False),
    "no-holdout": Case("Unknown", "HoldoutUnavailable", "is not there", scheduled=False),
    "digest": Case("Unknown", "DigestMismatch", "instead of", scheduled=False),
    "closed-port": Case("Unknown", "FetchRetrying", "the connection was refused", scheduled=False),
    "no-such-host": Case("Unknown", "FetchRetrying", "no address is known for the host", scheduled=False),
    "lying-size": Case("Unknown", "FetchRetrying", "broke off before the whole answer", scheduled=False),
    "tiny-holdout": Case("Unknown", "HoldoutTooSmall", "positive"),
}


def raw_of(case: str, good: Model, worse: Model) -> bytes | None:
    return {
        "worse": worse.raw,
        "truncated": good.raw[: len(good.raw) // 2],
        "nan": good.raw.replace(b'"intercept":', b'"intercept":NaN,"was":'),
        "pickle": b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94.",
        "schema": good.raw.replace(b"leadmodel/v1", b"leadmodel/v9"),
        "large": b"{" + b" " * (17 << 20) + b"}",
        "absent": None,
    }.get(case, good.raw)


def soon(case: str) -> str:
    """A name whose poll is due in two to three minutes: an hour of waiting would prove nothing more."""
    minute = (datetime.now(UTC).minute + 3) % 5  # noqa: TID251  # a harness, not the product
    for number in range(1000):
        name = f"{case}-{number}"
        if poll_schedule(f"{name}-poll", "5m").startswith(f"{minute}-"):
            return name
    raise AssertionError("no such name")


@pytest.fixture(scope="module")
def broken_ones(
    cluster: Cluster, operator: None, store: Store, good: Model, worse: Model, port: int
) -> Iterator[dict[str, Subject]]:
    """Every case, applied and broken."""
    namespace = f"t-{uuid.uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", namespace)
    found = {case: Subject(cluster, store, namespace, soon(case)) for case in CASES}
    for case, subject in found.items():
        subject.put(good)
        subject.put_raw(raw_of(case, good, worse))
    break_sources(found, good)
    cluster.apply(*(body(case, subject, good, port) for case, subject in found.items()))
    yield found
    cluster.kubectl("delete", "namespace", namespace, "--wait=false")


def break_sources(found: dict[str, Subject], good: Model) -> None:
    store = found["worse"].store
    del store.files[found["no-holdout"].path("holdout.csv.gz")]
    store.lies[found["lying-size"].path("model.json")] = 10 * len(good.raw)
    store.files[found["tiny-holdout"].path("holdout.csv.gz")] = b"age,y\n40,yes\n30,no\n"


@pytest.fixture(scope="module")
def port() -> int:
    """A port that nobody listens on yet."""
    with socket.socket() as probe:
        probe.bind((TARGET.host, 0))
        return int(probe.getsockname()[1])


def body(case: str, subject: Subject, good: Model, port: int) -> dict[str, object]:
    artifact: dict[str, object] = {"pollInterval": "5m"}
    path = subject.path("model.json")
    match case:
        case "digest":
            subject.put_raw(good.raw.replace(b'"recipe"', b'"before":1,"recipe"'))
            artifact["digest"] = good.digest
        case "closed-port":
            artifact["uri"] = f"http://{TARGET.host}:{port}{path}"
        case "no-such-host":
            artifact["uri"] = f"http://store.{subject.namespace}.svc{path}"
    return subject.body(artifact=artifact, predictor={"replicas": 1})


def a_name_for_the_store(subject: Subject) -> None:
    """A Service that leads out of the cluster: the name is known from now on."""
    assert subject.store.server is not None
    about, port = {"name": "store", "namespace": subject.namespace}, subject.store.server.server_address[1]
    label = {"kubernetes.io/service-name": "store"}
    subject.cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": about,
            "spec": {"ports": [{"port": 80, "targetPort": port}]},
        },
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {**about, "labels": label},
            "addressType": "IPv4",
            "ports": [{"name": "", "port": port, "protocol": "TCP"}],
            "endpoints": [{"addresses": [TARGET.host]}],
        },
    )


@pytest.mark.parametrize("case", CASES)
def test_refused_for_its_own_reason(broken_ones: dict[str, Subject], case: str):
    subject, wanted = broken_ones[case], CASES[case]
    subject.until("Validated", wanted.validated, wanted.reason, seconds=180)
    assert wanted.said in subject.message("Validated")
    assert subject.condition("Ready")[0] == "False"
    assert subject.condition("Available") == ("False", "NoGoodRevision")
    assert subject.cluster.get("deployment", subject.name, subject.namespace) is None
    assert not subject.pods()
    stalled, reconciling = subject.condition("Stalled")[0], subject.condition("Reconciling")[0]
    assert {stalled, reconciling} == {"True", "False"}


def test_the_sentence_never_shows_what_the_source_held(broken_ones: dict[str, Subject]):
    for case in ("pickle", "truncated"):
        assert "posix" not in broken_ones[case].shown()


@pytest.fixture(scope="module")
def mended(broken_ones: dict[str, Subject], good: Model, port: int) -> Iterator[dict[str, Subject]]:
    """The sources are mended; nobody tells the operator."""
    for subject in broken_ones.values():
        subject.store.lies.clear()
        subject.put(good)
    late = Store(subject.store.files)
    late.start(TARGET.host, port)
    a_name_for_the_store(subject)
    yield broken_ones
    late.stop()


@pytest.mark.parametrize("case", CASES)
def test_recovers_by_itself(mended: dict[str, Subject], good: Model, case: str):
    subject = mended[case]
    subject.until("Ready", "True", "Serving", seconds=420)
    assert subject.champion() == good.digest
    served = hashlib.sha256(good.raw).hexdigest()
    assert subject.pods()[0]["metadata"]["annotations"]["customerops.dev/champion"] == f"sha256:{served}"
