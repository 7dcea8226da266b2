"""What a person sees of the text model of a LeadModel on the page: nothing without one, and no figure that status does not have."""

from leadmodel_cli.views.texts import pairs
from leadmodel_cli.views.why import history

SERVING, REFUSED = "sha256:" + "a" * 64, "sha256:" + "b" * 64
FIGURES = {"macroF1": 0.6281, "coverage": 0.655, "calibrationError": 0.04}


def test_a_text_model_that_serves():
    drift = {"texts": 640, "psi": 0.0412, "feature": "unknown", "sustained": False}
    judged = {"digest": REFUSED, "verdict": "Fail", "message": "macro-F1 0.02 is below minMacroF1 0.55"}
    text = {"digest": SERVING, "readyPods": 2, "figures": FIGURES, "abstained": 0.35, "drift": drift}
    shown = dict(pairs({"enrichment": {**text, "candidate": judged}}))
    assert shown == {
        "text model": "a" * 12,
        "ready pods that report it": "2",
        "macro-F1 on the holdout": "0.63",
        "answered on the holdout": "0.66",
        "calibration error": "0.04",
        "live texts without an intent": "0.35",
        "live texts": "640, largest PSI 0.04 in unknown",
        "judged last": f"{'b' * 12} Fail: macro-F1 0.02 is below minMacroF1 0.55",
    }


def test_what_waits_and_what_lasts_stand_in_words():
    drift = {"texts": 900, "psi": 0.9, "feature": "unknown", "sustained": True}
    check = {"error": "text.json.gz is not there"}
    shown = dict(pairs({"enrichment": {"drift": drift, "previous": SERVING, "check": check}}))
    assert shown["live texts"] == "900, largest PSI 0.90 in unknown, and has lasted"
    assert shown["text model before"] == "a" * 12
    assert shown["the check"] == "text.json.gz is not there"
    assert dict(pairs({"enrichment": {"drift": {"texts": 3}}}))["live texts"] == "3, too few to compare"


def test_without_a_text_model_nothing_is_shown():
    """Control: with an empty one something is."""
    assert pairs({}) == pairs({"enrichment": None}) == []
    assert pairs({"enrichment": {"readyPods": 0}}) != []


def test_the_history_has_champions_and_text_models_in_the_order_of_time():
    champion = {"at": "2026-02-02T08:00:00Z", "reason": "Promoted", "digest": SERVING, "message": "AUC 0.7"}
    first = {"at": "2026-02-01T08:00:00Z", "reason": "Promoted", "digest": REFUSED}
    text = {"digest": SERVING, "previous": REFUSED, "servedAt": "2026-02-01T12:00:00Z"}
    judged = {
        "digest": "sha256:" + "c" * 64,
        "at": "2026-02-03T08:00:00Z",
        "verdict": "Fail",
        "message": "too weak",
    }
    pods = [{"digest": "sha256:" + "d" * 64, "at": "2026-01-31T08:00:00Z", "reason": "SchemaMismatch"}]
    status = {"history": [champion, first]}
    both = history({"status": {**status, "enrichment": {**text, "candidate": judged, "refused": pods}}})
    assert [line[:10] for line in both] == [
        "2026-01-31",
        "2026-02-01",
        "2026-02-01",
        "2026-02-02",
        "2026-02-03",
    ]
    assert both[0].endswith(f"text model         {'d' * 12}  refused by pods: SchemaMismatch")
    assert both[2].endswith(f"text model         {'a' * 12}  decided to serve, instead of {'b' * 12}")
    assert both[4].endswith(f"text model         {'c' * 12}  refused: too weak")
    passed = {**judged, "digest": SERVING, "verdict": "Pass"}  # it serves: one line is enough
    assert len(history({"status": {**status, "enrichment": {**text, "candidate": passed}}})) == 3
    assert history({"status": status}) == [both[1], both[3]]
