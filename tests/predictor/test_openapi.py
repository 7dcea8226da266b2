"""/openapi.json describes what is really served: schemathesis sends what it allows, and what it does not."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from leadmodel_predictor.http.openapi import openapi
from support.predictor_thread import model_of, served
from support.small_models import FEATURES, linear

AGE = replace(FEATURES[0], required=True, default=None, minimum=None)
STRICT = replace(linear(), features=(AGE, *FEATURES[1:]))
# what LeadModel does otherwise on purpose: a body is read as JSON whatever its type is called, fields it does not know are ignored
LEFT_OUT = "negative_data_rejection,missing_required_header,unsupported_method"
# no JSON Schema can say that all columns of a batch have one length
SETTINGS = """
[[operations]]
include-path = "/predict/batch"
checks.positive_data_acceptance.expected-statuses = [200, 422]
"""


def test_schemathesis_finds_nothing(tmp_path, full):
    program, settings = Path(sys.executable).with_name("schemathesis"), tmp_path / "schemathesis.toml"
    settings.write_text(SETTINGS)
    with served(STRICT, linear(0.1, name="older")) as server:
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
    assert lead["properties"]["source"]["type"] == ["string", "null"]
    assert "ads, web" in lead["properties"]["source"]["description"]
    assert set(lead["properties"]) == {"age", "source", "details", "created_at"}


def test_the_examples_work():
    with served(STRICT) as server:
        schemas = server.ask("GET", "/openapi.json").json["components"]["schemas"]
        assert server.ask("POST", "/predict", schemas["Lead"]["example"]).status == 200
        assert server.ask("POST", "/predict/batch", schemas["Columns"]["example"]).status == 200
