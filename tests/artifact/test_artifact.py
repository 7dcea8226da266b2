"""Reading is strict and never executes anything; writing reads back the same."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import leadmodel_artifact
from leadmodel_artifact.artifact import digest, dump, load
from leadmodel_artifact.model import ArtifactError, ArtifactReason
from leadmodel_artifact.snapshot import MAX_RAW_BYTES
from support.small_models import linear

RAW = dump(linear())


def test_round_trip():
    assert load(RAW) == linear()
    assert dump(load(RAW)) == RAW
    assert load(RAW, expect=digest(RAW)) == linear()


def test_unknown_fields_are_kept_and_ignored():
    document = json.loads(RAW) | {"added_later": {"a": 1}}
    found = load(json.dumps(document).encode())
    assert found.unknown == {"added_later": {"a": 1}}
    assert json.loads(dump(found))["added_later"] == {"a": 1}


def changed(path: str, value: object) -> bytes:
    document = json.loads(RAW)
    *way, last = path.split(".")
    at = document
    for step in way:
        at = at[int(step)] if step.isdecimal() else at[step]
    at[int(last) if last.isdecimal() else last] = value
    return json.dumps(document).encode()


REFUSED = {
    "empty": b"",
    "truncated": RAW[:-100],
    "pickle": b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94.",
    "gzip": b"\x1f\x8b\x08\x00",
    "not an object": b"[]",
    "NaN": RAW.replace(b'"intercept":-1.0', b'"intercept":NaN'),
    "Infinity": RAW.replace(b'"intercept":-1.0', b'"intercept":1e999'),
    "field twice": RAW.replace(b'"name":"small"', b'"name":"small","name":"other"'),
    "deep": b"[" * 100_000,
    "other schema": changed("schema", "leadmodel/v2"),
    "other kind": changed("model.kind", "network"),
    "other feature kind": changed("features.0.kind", "embedding"),
    "too few coefficients": changed("model.coefficients", [1.0]),
    "scale 0": changed("features.0.scale", 0),
    "auc 2": changed("auc", 2),
    "bool for number": changed("model.intercept", True),
    "string for number": changed("model.intercept", "1"),
    "feature twice": changed("features.1", json.loads(RAW)["features"][0]),
    "51 levels": changed("features.1.levels", [str(i) for i in range(51)]),
    "edges fall": changed("reference.features.0.edges", [2.0, 1.0]),
    "counts too few": changed("reference.features.0.counts", [1]),
    "no examples": changed("examples", []),
    "half a character": changed("name", "\ud800"),
    "quote in a source": changed("features.0.source", 'a"b'),
    "line break in a source": changed("features.0.source", "a\nb"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    with pytest.raises(ArtifactError) as caught:
        load(REFUSED[case])
    assert caught.value.reason is ArtifactReason.SCHEMA_MISMATCH
    assert "\n" not in str(caught.value)


def test_an_example_that_differs_refuses_the_file():
    with pytest.raises(ArtifactError) as caught:
        load(changed("examples.2.score", 0.123))
    assert caught.value.reason is ArtifactReason.EXAMPLES_DIFFER


def test_digest_is_checked_before_parsing():
    with pytest.raises(ArtifactError) as caught:
        load(b"no json at all", expect=digest(RAW))
    assert caught.value.reason is ArtifactReason.DIGEST_MISMATCH


def test_too_large():
    with pytest.raises(ArtifactError) as caught:
        load(b" " * (MAX_RAW_BYTES + 1))
    assert caught.value.reason is ArtifactReason.TOO_LARGE


def test_errors_hold_no_text_of_the_artifact():
    with pytest.raises(ArtifactError) as caught:
        load(changed("features.0.kind", "someone@example.org"))
    assert "example.org" not in str(caught.value)


def loaded_modules(*modules: str) -> set[str]:
    """What a fresh interpreter has loaded after it imported modules of the package."""
    program = (
        f"import sys; {'; '.join(f'import leadmodel_artifact.{m}' for m in modules)}; print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_needs_only_the_standard_library():
    modules = [path.stem for path in Path(leadmodel_artifact.__file__).parent.glob("[a-z]*.py")]
    assert not {"numpy", "sklearn", "msgspec", "obstore", "yaml", "aiohttp"} & loaded_modules(*modules)


def test_importing_the_artifact_loads_neither_typing_nor_json():
    """Both together would double the time of the import."""
    assert not {"typing", "json"} & loaded_modules("artifact")
