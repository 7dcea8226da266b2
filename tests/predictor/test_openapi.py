"""/openapi.json describes what is really served: schemathesis sends what it allows, and what it does not."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from leadmodel_predictor.http.openapi import openapi
from leadmodel_text.enrich import HEADS
from support.predictor_thread import model_of, served
from support.served_texts import Mount, looked, text_document
from support.small_models import FEATURES, linear
from support.text_documents import GERMAN, SENTENCES

AGE = replace(FEATURES[0], required=True, default=None, minimum=None)
STRICT = replace(linear(), features=(AGE, *FEATURES[1:]))
# what LeadModel does otherwise on purpose: a body is read as JSON whatever its type is called, fields it does not know are ignored
LEFT_OUT = "negative_data_rejection,missing_required_header,unsupported_method"
# no JSON Schema can say that all columns of a batch have one length
SETTINGS = """
[[operations]]
include-path = "/predict/batch"
checks.positive_data_acceptance.expected-statuses = [200, 422]

[[operations]]
include-path = "/enrich/batch"
checks.positive_data_acceptance.expected-statuses = [200, 422]
"""


def text_model(folder):
    mount = Mount(folder)
    mount.write(text_document())
    return looked(mount)


def test_schemathesis_finds_nothing(tmp_path, full):
    program, settings = Path(sys.executable).with_name("schemathesis"), tmp_path / "schemathesis.toml"
    settings.write_text(SETTINGS)
    with served(STRICT, linear(0.1, name="older"), texts=text_model(tmp_path)) as server:
        asked = [
            program,
            "--config-file",
            settings,
            "run",
            f"http://127.0.0.1:{server.port}/openapi.json",
            "--no-color",
            "--seed=1",
        ]
        asked += ["--checks=all", f"--exclude-checks={LEFT_OUT}", "-n", "200" if full else "3"]
        asked += [] if full else ["--phases=examples,fuzzing"]
        found = subprocess.run(asked, check=False, capture_output=True, text=True, timeout=1500)
    assert found.returncode == 0, found.stdout[-5000:]
    if full:
        print(found.stdout[-1500:])


def test_leads_have_real_names_types_and_bounds():
    lead = openapi(model_of(STRICT).slots)["components"]["schemas"]["Lead"]
    assert lead["required"] == ["age"]
    assert lead["properties"]["age"] == {"type": "number", "maximum": 150.0}
    assert lead["properties"]["source"]["type"] == ["string", "number", "boolean", "null"]
    assert "ads, web" in lead["properties"]["source"]["description"]
    assert set(lead["properties"]) == {"age", "source", "details", "created_at"}


def test_answers_to_texts_are_as_described(tmp_path):
    """Every answer of the library fits its schema, whatever is wanted, and a label of another document does not."""
    with served(STRICT, texts=text_model(tmp_path)) as server:
        components = server.ask("GET", "/openapi.json").json["components"]
        one, many = (
            Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": components})
            for name in ("Enrichment", "Enrichments")
        )
        texts = [*SENTENCES, *GERMAN, "", "zebra"]
        for want in (None, *([head] for head in HEADS)):
            for text in texts:
                answer = server.ask("POST", "/enrich?refused=true", {"text": text, "want": want}).json
                one.validate(answer)
            many.validate(server.ask("POST", "/enrich/batch", {"text": texts, "want": want}).json)
    assert not one.is_valid(answer | {"intent": {"label": "unheard of"}})
    assert not one.is_valid({key: value for key, value in answer.items() if key != "model"})


def test_the_examples_work(tmp_path):
    with served(STRICT, texts=text_model(tmp_path)) as server:
        schemas = server.ask("GET", "/openapi.json").json["components"]["schemas"]
        assert server.ask("POST", "/predict", schemas["Lead"]["example"]).status == 200
        assert server.ask("POST", "/predict/batch", schemas["Columns"]["example"]).status == 200
        assert server.ask("POST", "/enrich", schemas["Text"]["example"]).status == 200
        assert server.ask("POST", "/enrich/batch", schemas["TextColumns"]["example"]).status == 200


VALUES = ["", "NA", "ads", 1, 0.5, True, None, [], {}]


@pytest.mark.parametrize("required", [True, False])
def test_the_schema_takes_the_values_that_the_predictor_takes(required):
    source = replace(FEATURES[1], required=required, missing=("NA",))
    details = replace(FEATURES[2], required=required)
    artifact = replace(linear(), features=(FEATURES[0], source, details, FEATURES[3]))
    schemas = openapi(model_of(artifact).slots)["components"]["schemas"]
    one, many = (Draft202012Validator(schemas[name]).is_valid for name in ("Lead", "Columns"))
    whole = {"age": 40, "source": "web", "details": "call"}
    taken = set()
    with served(artifact) as server:
        for field in ("source", "details"):
            leads = [whole | {field: value} for value in VALUES]
            leads.append({k: v for k, v in whole.items() if k != field})
            for lead in leads:
                columns = {name: [value] for name, value in lead.items()}
                accepted = server.ask("POST", "/predict", lead).status == 200
                assert (one(lead), lead) == (accepted, lead)
                assert many(columns) == (server.ask("POST", "/predict/batch", columns).status == 200)
                taken.add(accepted)
    assert taken == {True, False}
