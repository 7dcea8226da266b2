"""Leads whose fields the model does not know: refused with the names to send, never scored as if nothing were missing."""

import json
import time
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from leadmodel_artifact.compiler import make_scorer
from leadmodel_artifact.lead import lead_values
from leadmodel_artifact.model import Feature, FeatureKind
from leadmodel_predictor.http.predict import Predict
from leadmodel_predictor.serving import examined
from leadmodel_predictor.serving.compiled.lead_functions import LeadFunctions
from leadmodel_predictor.serving.decode import BadLead
from support.predictor_thread import model_of, served
from support.small_models import FEATURES, leads, linear

NAMES = ("age", "source", "details", "created_at")
VOID = {
    "nothing": {},
    "one wrapper": {"lead": {"age": 30}},
    "a list in a wrapper": {"instances": [{"age": 30}]},
    "columns in a wrapper": {"dataframe_split": {"columns": ["age"], "data": [[30]]}},
    "other letters": {"Age": 30, "SOURCE": "ads", "Details": "x"},
    "misspelt": {"agee": 30, "sorce": "ads"},
    "another client's names": {"customer_age": 30, "channel": "ads"},
    "an empty name": {"": 30},
}


@pytest.fixture(scope="module")
def server():
    with served(linear(), linear(0.1, name="older")) as started:
        yield started


@pytest.mark.parametrize("case", VOID)
def test_a_lead_without_a_known_field_is_refused_with_the_names_to_send(server, case):
    answer = server.ask("POST", "/predict", VOID[case])
    assert (answer.status, answer.json["field"]) == (422, "$")
    assert all(name in answer.json["error"] for name in NAMES)
    assert not any(name in answer.json["error"] for name in ("customer_age", "instances", "agee"))


@pytest.mark.parametrize("case", VOID)
def test_one_such_lead_refuses_its_batch(server, case):
    answer = server.ask("POST", "/predict/batch", [*leads(700), VOID[case], *leads(3)])
    assert (answer.status, answer.json["field"]) == (422, "$[700]")
    assert "age" in answer.json["error"]


def test_the_control_without_the_check_each_is_scored(monkeypatch):
    monkeypatch.setattr(LeadFunctions, "bare_test", lambda *_: "False")
    predict = Predict(model_of(linear()))
    for lead in VOID.values():
        assert b'"score"' in predict.answer(json.dumps(lead).encode())


def test_a_lead_with_one_known_field_is_scored_whatever_else_it_lacks(server):
    for lead in (
        {"age": 30},
        {"details": ""},
        {"source": "never seen"},
        {"created_at": 1767571200},
        {"age": 1, "x": {}},
    ):
        assert server.ask("POST", "/predict", lead).status == 200
    assert server.ask("POST", "/predict/batch", [{"age": 30}, {"details": ""}]).status == 200


def test_a_field_that_is_null_is_known(server):
    """Clients send each field of their form, also of an empty one: alone and within a batch, scored alike."""
    lead = {"age": None, "details": None, "created_at": "2026-01-05T01:30:00"}
    empty = {"age": None}
    assert server.ask("POST", "/predict", empty).status == 200
    batch = server.ask("POST", "/predict/batch", [empty, lead, {"age": 4}]).json
    wanted = make_scorer(linear())(*lead_values(linear(), lead))
    assert batch[1]["score"] == pytest.approx(wanted, abs=1e-12)
    assert server.ask("POST", "/predict/batch", {"age": [None, None]}).status == 200


def test_such_leads_count_as_bad_so_that_a_model_of_other_names_can_be_rolled_back():
    """A new model that reads renamed fields refuses what clients send; the previous model reads them."""
    renamed = tuple(replace(f, source=f"new_{f.source}") for f in FEATURES)
    new = replace(linear(name="renamed"), features=renamed)
    new = replace(new, examples=tuple(
        replace(e, lead={f"new_{k}": v for k, v in e.lead.items()}) for e in new.examples
    ))  # fmt: skip
    model = model_of(new, linear())
    for lead in leads(20):
        with pytest.raises(BadLead):
            Predict(model).score(json.dumps(lead).encode(), 0.0)
    window = model.ring.window(time.time())
    assert (window.champion.bad, window.previous.bad) == (20, 0)


def test_a_previous_model_of_other_fields_refuses_what_holds_none_of_them():
    extra = Feature("extra", FeatureKind.NUMERIC, "extra", default=1.0)
    other = replace(linear(0.1), features=(extra,), model=replace(linear().model, coefficients=(0.1,)))
    other = replace(other, examples=())
    from leadmodel_artifact.model import Example

    other = replace(other, examples=(Example({"extra": 2}, make_scorer(other)(2.0)),))
    model = model_of(linear(), other)
    Predict(model).score(b'{"age": 30}', 0.0)
    Predict(model).score(b'{"age": 30, "extra": null}', 0.0)
    Predict(model).score(b'{"age": 30, "extra": 3}', 0.0)
    window = model.ring.window(time.time())
    assert (window.champion.bad, window.previous.bad) == (0, 1)


def test_many_names_are_cut_short():
    wide = tuple(Feature(f"n{i}", FeatureKind.NUMERIC, f"n{i}", default=0.0) for i in range(300))
    model = replace(
        linear(), features=wide, model=replace(linear().model, coefficients=(0.0,) * 300), examples=()
    )
    from leadmodel_artifact.model import Example

    model = replace(model, examples=(Example({"n1": 2}, make_scorer(model)(*([0.0] * 300))),))
    with pytest.raises(BadLead, match="n19 and 280 more") as caught:
        Predict(model_of(model)).score(b"{}", 0.0)
    assert len(str(caught.value)) < 500


BODIES = {
    "empty": (b"", "empty"),
    "spaces": (b" \n", "empty"),
    "form": (b"age=30&source=ads", "a form"),
    "form with a percent": (b"details=please%20call&age=3", "a form"),
    "multipart": (b'--x\r\nContent-Disposition: form-data; name="age"\r\n\r\n3\r\n--x--', "multipart"),
    "csv": (b"age,source\n30,ads\n", "CSV"),
    "csv with semicolons": (b"age;source\r\n30;ads\r\n", "CSV"),
    "nan": (b'{"age": NaN}', "no NaN"),
    "nan of javascript": (b'{"age":nan}', "no NaN"),
    "infinity": (b'{"age": -Infinity}', "no NaN"),
    "python": (b"{'age': 30}", "json.dumps"),
    "none": (b'{"age": None}', "json.dumps"),
    "true of python": (b'{"age": True}', "json.dumps"),
    "xml": (b"<lead><age>3</age></lead>", "XML"),
    "gzip": (b"\x1f\x8b\x08\x00", "compressed"),
    "mark": (b'\xef\xbb\xbf{"age": 3}', "byte-order mark"),
    "utf-16": ('{"age": 3}'.encode("utf-16"), "UTF-16"),
    "latin-1": ('{"details": "Müller"}'.encode("latin-1"), "not UTF-8"),
    "cut": (b'{"age": 3', "ends within"),
    "half a character": (rb'{"source": "\ud800"}', "half of a character"),
    "half a character before a text": (rb'{"source": "please \ud83d please"}', "half of a character"),
    "the other half": (rb'{"source": "a \udc00"}', "half of a character"),
    "half a character in a name": (rb'{"\uD83D": 1}', "half of a character"),
    "an escaped backslash, cut": (rb'{"source": "\\ud800', "ends within"),
    "lines": (b'{"age": 3}\n{"age": 4}', "/predict/batch"),
    "list": (b'[{"age": 3}]', "/predict/batch"),
    "comma": (b'{"age": 3,}', "at byte 10"),
    "deep": (b'{"x":' * 50_000, "nested"),
}  # fmt: skip


@pytest.mark.parametrize("case", BODIES)
def test_what_is_no_lead_is_named_and_what_to_send(server, case):
    body, word = BODIES[case]
    answer = server.ask("POST", "/predict", body)
    assert (answer.status, answer.json["field"]) == (422, "$")
    assert word in answer.json["error"]
    assert "please" not in answer.json["error"].replace('{"details": "please call"}', "")
    assert server.ask("POST", "/predict/batch", body).status == (200 if case == "list" else 422)


# --- counters ----------------------------------------------------------------------------------------------------------------


def values_of(server) -> dict[tuple[str, ...], float]:
    text = server.ask("GET", "/metrics").body.decode()
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_missing_and_unknown_fields_are_counted_without_their_names():
    with served(linear()) as server:
        for lead in ({"age": 1}, {"age": None, "utm": 1, "gclid": 2}, {"source": "ads", "details": "x"}, {}):
            server.ask("POST", "/predict", lead)
        counts = values_of(server)
        text = server.ask("GET", "/metrics").body.decode()
    assert counts["lead_model_examined_leads_total",] == 4
    assert counts["lead_model_unknown_fields_total",] == 2
    missing = {name: counts["lead_model_missing_fields_total", name] for name in (f.name for f in FEATURES)}
    assert missing == {"age": 3, "source": 3, "details_len": 3, "hour_of_day": 4}
    assert "utm" not in text
    assert "gclid" not in text


def test_only_a_share_of_many_leads_is_examined(monkeypatch):
    """To list the fields of every lead would cost more than to score them; the control has no limit."""
    reader = model_of(linear()).slots.reader

    def examined_of(leads_per_second: int) -> float:
        counts = examined.ExaminedLeads()
        for i in range(20_000):
            counts.look(reader, b'{"age": 3}', 1000.0 + i / leads_per_second)
        return next(iter(counts.collect())).samples[0].value

    assert examined_of(10_000) == pytest.approx(1000 + 200, abs=5)
    assert examined_of(50) == 20_000
    monkeypatch.setattr(examined, "PER_SECOND", 1e9)
    assert examined_of(10_000) == 20_000


def test_a_reload_leaves_no_label_of_the_former_model():
    counts = examined.ExaminedLeads()
    counts.look(model_of(linear()).slots.reader, b"{}", 1.0)
    extra = Feature("extra", FeatureKind.NUMERIC, "extra", default=1.0)
    from leadmodel_artifact.model import Example

    other = replace(
        linear(), features=(extra,), model=replace(linear().model, coefficients=(0.1,)), examples=()
    )
    other = replace(other, examples=(Example({"extra": 2}, make_scorer(other)(2.0)),))
    counts.look(model_of(other).slots.reader, b"{}", 2.0)
    *_, missing = counts.collect()
    assert {sample.labels["feature"]: sample.value for sample in missing.samples} == {"extra": 1}
