"""What people, stores and pods write reaches pods and objects as it is, or is refused: no argument is expanded, no name is invalid.

Every string of a spec that names everything is replaced by hostile ones, one at a time, and every object is rendered from it.
"""

import copy
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from leadmodel_messages import poll
from leadmodel_operator.kubernetes.render import arguments
from leadmodel_operator.resource.conversion import SchemaError, load
from leadmodel_operator.resource.spec import Spec
from worlds.rendering import rendered

EVERYTHING = Path(__file__).parents[2] / "crds" / "examples" / "everything.yaml"
CLAIMS = {
    "artifact": "pvc://a.b/model.json",
    "holdout": f"pvc://{'a' * 200}/h.csv",
    "leads": "pvc://a-b/l.csv",
}
SECRET = "the-secret"
HOSTILE = (
    "$(X)",
    "$$(X)",
    "$$$(X)",
    "$(X",
    "$",
    "$é",
    "\x1b[2J",
    "\"'`",
    "a\nb",
    "a\n",
    "\u202e",
    "x" * 10_000,
)
PREFIXES = ("", "s3://leads/", "pvc://claim/", "https://leads.example/")


def expand(text: str, variables: dict[str, str]) -> str:
    """Replace `$(NAME)` as kubelet does, byte by byte; see third_party/forked/golang/expansion in Kubernetes."""
    data, found, cursor = text.encode(), bytearray(), 0
    while cursor < len(data):
        if data[cursor : cursor + 1] != b"$" or cursor + 1 >= len(data):
            found += data[cursor : cursor + 1]
            cursor += 1
            continue
        following = data[cursor + 1 : cursor + 2]
        end = data.find(b")", cursor + 2)
        if following == b"$":
            found += b"$"
        elif following == b"(" and end >= 0:
            name = data[cursor + 2 : end].decode()
            found += variables.get(name, f"$({name})").encode()
            cursor = end + 1
            continue
        else:
            found += b"$" + chr(following[0]).encode()  # Go makes a character of the byte
        cursor += 2
    return found.decode()


def containers(bodies: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every container in the objects."""
    for node in nodes(bodies):
        if isinstance(node.get("containers"), list):
            yield from node["containers"]


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object below a value."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    for item in value if isinstance(value, list) else []:
        yield from nodes(item)


def strings(value: Any, change: Callable[[str], Any]) -> Iterator[Any]:
    """Copies of a document in each of which one string is changed."""
    if isinstance(value, str):
        yield change(value)
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        for changed in strings(item, change):
            copied = copy.copy(value)
            copied[key] = changed
            yield copied


def accepted(hostile: str) -> Iterator[Spec]:
    """Specs with a hostile string somewhere that the types take."""
    spec = yaml.safe_load(EVERYTHING.read_text())["spec"]
    for prefix in PREFIXES:
        for document in strings(spec, lambda _, text=prefix + hostile: text):
            try:
                yield load(Spec, document, "spec")
            except SchemaError:
                continue


def arguments_of(spec: Spec, etag: str) -> list[list[str]]:
    """Arguments of every container that a spec leads to."""
    return [[*c["command"], *c["args"]] for c in containers(rendered(spec, etag))]


def expanded(spec: Spec, etag: str) -> list[list[str]]:
    """The arguments that the programs get."""
    return [[expand(text, {"X": SECRET}) for text in texts] for texts in arguments_of(spec, etag)]


def written(spec: Spec, etag: str) -> list[list[str]]:
    """The arguments before they were made safe from kubelet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arguments, "literal", lambda argument: argument)
        return arguments_of(spec, etag)


@pytest.mark.parametrize("hostile", HOSTILE, ids=ascii)
def test_programs_get_their_arguments_as_they_were_written(hostile):
    specs = list(accepted(hostile))
    for spec in specs:
        assert expanded(spec, hostile) == written(spec, hostile)
    assert specs or len(hostile) > 4000


def test_control_arguments_that_are_not_made_safe_show_a_secret(monkeypatch):
    monkeypatch.setattr(arguments, "literal", lambda argument: argument)
    seen = [text for spec in accepted("$(X)") for texts in expanded(spec, "$(X)") for text in texts]
    assert f"--label={SECRET}" in seen
    assert f"--etag={SECRET}" in seen


def test_an_expansion_is_kubelets():
    """The cases of Kubernetes' own test."""
    variables = {"VAR_A": "A", "VAR_EMPTY": ""}
    for text, wanted in {
        "$(VAR_A)": "A",
        "___$(VAR_A)___": "___A___",
        "$(VAR_A)$(VAR_A)": "AA",
        "$(VAR_A)_$(VAR_DNE)": "A_$(VAR_DNE)",
        "$$(VAR_A)": "$(VAR_A)",
        "$$$(VAR_A)": "$A",
        "$VAR_A": "$VAR_A",
        "foo$": "foo$",
        "$$$$$$(VAR_A)": "$$$(VAR_A)",
        "$(VAR_A": "$(VAR_A",
        "$$)": "$)",
        "$()": "$()",
        "f000-$(VAR_EMPTY)-": "f000--",
    }.items():
        assert expand(text, variables) == wanted


# --- names and labels ---------------------------------------------------------------------------------------------------

LABEL = re.compile(r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
DNS_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
SUBDOMAIN = re.compile(r"(?=.{1,253}\Z)[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?")


def misnamed(bodies: list[dict[str, Any]]) -> list[str]:
    """Names and labels in the objects that the API server refuses."""
    bad = []
    for node in nodes(bodies):
        metadata = node.get("metadata") or {}
        bad += [v for v in (metadata.get("labels") or {}).values() if not LABEL.fullmatch(v)]
        bad += [n for n in [metadata.get("name")] if n is not None and not SUBDOMAIN.fullmatch(n)]
        volumes = node.get("volumes") or []
        bad += [v["name"] for v in volumes if not DNS_LABEL.fullmatch(v["name"])]
        bad += ["a volume stands twice"] * (len({v["name"] for v in volumes}) != len(volumes))
        bad += [m["mountPath"] for m in node.get("volumeMounts") or [] if ":" in m["mountPath"]]
    return bad


@pytest.mark.parametrize("hostile", [*HOSTILE, "a" * 200 + ".b"], ids=ascii)
def test_no_name_and_no_label_is_invalid(hostile):
    for spec in accepted(hostile):
        assert misnamed(rendered(spec)) == []


def test_claims_with_dots_and_long_names_are_mounted():
    document = yaml.safe_load(EVERYTHING.read_text())["spec"]
    document["artifact"]["uri"], document["holdout"]["uri"] = CLAIMS["artifact"], CLAIMS["holdout"]
    document["retraining"]["leads"]["uri"] = CLAIMS["leads"]
    bodies = rendered(load(Spec, document, "spec"))
    assert misnamed(bodies) == []
    mounted = {m["mountPath"] for c in containers(bodies) for m in c.get("volumeMounts", [])}
    assert {"/mnt/a.b", "/mnt/a-b"} <= mounted


def test_control_a_volume_named_after_its_claim_is_invalid():
    assert misnamed([{"volumes": [{"name": "claim-a.b"}]}]) == ["claim-a.b"]


# --- ETags ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("etag", [*HOSTILE, '"' + "x" * 256, "", "é", '"\x7f"'], ids=ascii)
def test_an_etag_that_cannot_be_sent_back_is_none(etag):
    line = poll.dump(poll.PollAnswer("s3://leads/model.json", poll.Stored("sha256:" + "a" * 64, 1, etag)))
    read = poll.parse(line).artifact.etag if len(line) < 4096 else None
    is_short_line = etag.isascii() and etag.isprintable() and 0 < len(etag) <= 256
    assert read == (etag if is_short_line else None)
