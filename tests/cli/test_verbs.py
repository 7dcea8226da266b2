"""Each verb of `kubectl leadmodel` over the operator's own planner: it writes one annotation of the API, and says what came of it."""

import base64
from dataclasses import replace

import pytest

from leadmodel_artifact.artifact import digest as artifact_digest
from leadmodel_artifact.artifact import dump
from leadmodel_artifact.snapshot import pack
from leadmodel_cli.kubectl.cluster import RESOURCE
from leadmodel_cli.kubectl.completion import complete
from leadmodel_cli.kubectl.options import VERBS, parser
from leadmodel_cli.kubectl.program import main
from leadmodel_cli.views.diff import columns, compare
from leadmodel_messages.exits import KubectlExit
from leadmodel_operator.resource.vocabulary import GROUP, Command
from support.small_models import FEATURES, linear
from support.text_lead_models import with_texts
from worlds.kubectl import WorldKubectl
from worlds.names import KEY, digest
from worlds.situations import champion, drifted, held_after_rollback, in_a_canary, replaced, serving

A, B, C = digest("A"), digest("B"), digest("C")


def two_models() -> WorldKubectl:
    """B serves, A is the previous model."""
    return WorldKubectl(*replaced())


def after_drift(*, held: bool = False) -> WorldKubectl:
    """B was rolled back; with `held` C passed the gate since then."""
    return WorldKubectl(*(held_after_rollback() if held else drifted()))


def annotated(kubectl: WorldKubectl) -> list[str]:
    """The annotations that were written, and nothing else was."""
    assert all(words[:3] == ["annotate", RESOURCE, KEY.name] for words in kubectl.writes)
    flags = {"-n", KEY.namespace, "--overwrite"}
    return [word for words in kubectl.writes for word in words[3:] if word not in flags]


def test_rollback_serves_the_previous_model(capsys):
    kubectl = two_models()
    assert main(["rollback", KEY.name], kubectl) == KubectlExit.DONE
    assert annotated(kubectl) == [f"{GROUP}/rollback-to={A}"]
    assert champion(kubectl.world) == "A"
    assert "done: rollback-to 414141414141; conversion is RolledBack" in capsys.readouterr().out


def test_a_refused_rollback_has_the_operators_sentence_and_its_own_code(capsys):
    kubectl = two_models()
    assert main(["rollback", KEY.name, "--to", B], kubectl) == KubectlExit.REFUSED
    assert "refused: 424242424242 is the champion already" in capsys.readouterr().out
    assert champion(kubectl.world) == "B"


def test_the_same_command_again_is_a_new_value():
    kubectl = two_models()
    main(["rollback", KEY.name, "--to", B[7:19]], kubectl)
    main(["rollback", KEY.name, "--to", B[7:19]], kubectl)
    first, second = annotated(kubectl)
    assert first == f"{GROUP}/rollback-to={B}"
    assert second.startswith(f"{GROUP}/rollback-to={B}@")


def test_release_takes_the_only_digest_out_of_quarantine():
    kubectl = after_drift()
    assert main(["release", KEY.name], kubectl) == KubectlExit.DONE
    assert annotated(kubectl) == [f"{GROUP}/release={B}"]


def test_release_prefers_what_is_held():
    kubectl = after_drift(held=True)
    assert main(["release", KEY.name], kubectl) == KubectlExit.DONE
    assert annotated(kubectl) == [f"{GROUP}/release={C}"]
    assert champion(kubectl.world) == "C"


def test_abort_drops_the_candidate():
    kubectl = after_drift(held=True)
    assert main(["abort", KEY.name], kubectl) == KubectlExit.DONE
    assert annotated(kubectl) == [f"{GROUP}/abort={C}"]
    assert C in {entry.digest for entry in kubectl.world.status.quarantine}


def test_promote_ends_the_steps_of_a_canary():
    kubectl = WorldKubectl(*in_a_canary())
    assert main(["promote", KEY.name], kubectl) == KubectlExit.DONE
    assert annotated(kubectl) == [f"{GROUP}/promote={B}"]
    assert champion(kubectl.world) == "B"


def test_abort_drops_what_is_in_a_canary():
    kubectl = WorldKubectl(*in_a_canary())
    assert main(["abort", KEY.name], kubectl) == KubectlExit.DONE
    assert kubectl.world.place.digest is None
    assert champion(kubectl.world) == "A"


def test_pause_and_resume():
    kubectl = two_models()
    assert main(["pause", KEY.name], kubectl) == KubectlExit.DONE
    assert kubectl.lead_model()["status"]["phase"] == "Paused"
    assert main(["resume", KEY.name], kubectl) == KubectlExit.DONE
    assert kubectl.lead_model()["status"]["phase"] == "Serving"
    assert annotated(kubectl) == [f"{GROUP}/paused=true", f"{GROUP}/paused-"]


@pytest.mark.parametrize("verb", ["poll", "refresh"])
def test_commands_without_a_digest(verb):
    kubectl = two_models()
    assert main([verb, KEY.name], kubectl) == KubectlExit.DONE
    assert [word.partition("=")[0] for word in annotated(kubectl)] == [f"{GROUP}/{verb}"]


@pytest.mark.parametrize("verb", ["poll", "rollback", "pause"])
def test_an_operator_that_does_not_answer_is_exit_code_5(verb, capsys):
    kubectl = two_models()
    kubectl.leader = None
    assert main([verb, KEY.name, "--timeout", "0.01"], kubectl) == KubectlExit.NO_ANSWER
    assert "has not answered; is it running?" in capsys.readouterr().out


def test_who_does_not_wait_is_told_so(capsys):
    kubectl = two_models()
    kubectl.leader = None
    assert main(["rollback", KEY.name, "--timeout", "0"], kubectl) == KubectlExit.DONE
    assert "has not answered yet" in capsys.readouterr().out


def test_a_command_to_a_paused_lead_model_is_refused(capsys):
    kubectl = two_models()
    main(["pause", KEY.name], kubectl)
    assert main(["rollback", KEY.name], kubectl) == KubectlExit.REFUSED
    assert "refused: the LeadModel is paused; resume it first" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (["rollback", KEY.name, "--to", "4"], "'4' names no digest"),
        (["rollback", KEY.name, "--to", "ffffffffffff"], "known: "),
        (["abort", KEY.name], "nothing rolls out"),
        (["promote", KEY.name], "no candidate is in a step of a canary"),
        (["release", KEY.name], "nothing is held; name the digest to release; in quarantine: none"),
        (["diff", KEY.name, "414141414141", "414141414141"], "name two different digests"),
    ],
)
def test_what_does_not_fit_is_not_written(line, sentence, capsys):
    world, leader = serving(live=True)
    kubectl = WorldKubectl(world, leader)
    assert main(line, kubectl) == KubectlExit.USAGE
    assert sentence in capsys.readouterr().err
    assert kubectl.writes == []


def test_every_command_of_the_api_has_a_verb():
    verbs = {verb.name for verb in VERBS}
    assert {str(command) for command in Command} - {"rollback-to"} <= verbs
    assert {
        "status",
        "list",
        "history",
        "why",
        "diff",
        "rollback",
        "lint",
        "replay",
        "report",
        "version",
    } <= verbs


def test_the_place_may_stand_before_and_behind_the_verb():
    for line in (["-n", "x", "list"], ["list", "-n", "x"], ["list", "--namespace=x"]):
        assert parser().parse_args(line).namespace == "x"
    world, _ = serving()
    kubectl = WorldKubectl(world)
    main(["--context", "other", "status", KEY.name, "-n", "sales"], kubectl)
    assert kubectl.calls[0] == ["get", RESOURCE, KEY.name, "-n", "sales", "-o", "json"]


# --- diff ----------------------------------------------------------------------------------------------------------------------


def snapshot(raw: bytes) -> dict[str, dict[str, str]]:
    return {"binaryData": {"model.json.gz": base64.b64encode(pack(raw)).decode()}}


def test_diff_compares_figures_features_and_coefficients(capsys):
    old, new = (
        linear(0.5),
        linear(0.7, version=1_767_000_001, features=(*FEATURES[:3], replace(FEATURES[3], name="hour"))),
    )
    raws = {artifact_digest(raw): raw for raw in map(dump, (old, new))}
    first, second = raws
    kubectl = two_models()
    document = kubectl.lead_model()
    document["status"]["champion"]["digest"], document["status"]["previous"]["digest"] = second, first
    document["status"]["candidate"] = None
    document["status"]["gate"]["digest"] = second
    kubectl.lead_model = lambda: document
    kubectl.objects = {f"configmap/{KEY.name}-rev-{name[7:19]}": snapshot(raw) for name, raw in raws.items()}
    assert main(["diff", KEY.name], kubectl) == KubectlExit.DONE
    shown = capsys.readouterr().out
    features = shown.partition("features\n")[2].partition("coefficients")[0].splitlines()
    changes = {line.split()[0]: line.split()[-1] for line in features[1:] if line}
    assert changes == {"hour_of_day": "removed", "hour": "added"}
    assert "AUC on the holdout 0.7500 0.8000 +0.0500" in " ".join(shown.split())
    assert "age" in shown.partition("coefficients")[2]
    kubectl.objects.clear()
    assert main(["diff", KEY.name], kubectl) == KubectlExit.DONE
    assert f"The bytes of {first[7:19]} and {second[7:19]} are not in the cluster" in capsys.readouterr().out


def test_columns_of_a_model_that_reads_texts_have_the_names_of_their_levels():
    artifact = with_texts()
    named = columns(artifact)
    assert list(named.values()) == [artifact.model.intercept, *artifact.model.coefficients]
    assert {"details_intent=pricing", "details_intent=other", "details_urgency"} <= named.keys()
    shown = compare((A, artifact), (B, with_texts(2)), {})
    assert any(line.startswith("details_intent ") and "another text model" in line for line in shown)


# --- completion ------------------------------------------------------------------------------------------------------------------


def test_completion_of_verbs_names_flags_and_digests():
    kubectl = two_models()
    assert [word for word, _ in complete(["re"], kubectl)[0]] == [
        "release",
        "refresh",
        "resume",
        "replay",
        "report",
    ]
    assert complete(["status", "con"], kubectl) == ([(KEY.name, "Serving")], 4)
    assert [word for word, _ in complete(["status", KEY.name, "--w"], kubectl)[0]] == ["--watch"]
    assert A[7:19] in dict(complete(["rollback", KEY.name, "--to", ""], kubectl)[0])
    assert complete(["lint", ""], kubectl) == ([], 0)
    assert kubectl.writes == []


def test_completion_without_a_cluster_offers_nothing():
    kubectl = two_models()
    kubectl.get = lambda words: kubectl.raise_missing("everything")
    assert complete(["status", ""], kubectl) == ([], 4)
