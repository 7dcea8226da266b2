"""What a person can do about a LeadModel as it is: one sentence per trouble, with the command. Pure functions of documents."""

from collections.abc import Callable, Mapping
from typing import Any

from leadmodel_cli.views.tree import condition, is_true
from leadmodel_cli.views.why import moment
from leadmodel_operator.resource.digest import short

Status = Mapping[str, Any]
Advice = str | Callable[[Status], str]


def _requested(status: Status) -> str:
    return short((status.get("requested") or status.get("candidate") or {}).get("digest"))


def _released(status: Status) -> str:
    rolled_back = (status.get("rollbacks") or [{}])[0].get("from")
    return (
        f"The older model serves. Train a better one, which is judged as usual; or, if the rollback was wrong, "
        f"`kubectl leadmodel release {{name}} {short(rolled_back)}`."
    )


# By the reason of Stalled. {name} is the LeadModel's name with its namespace flag.
STALLED: dict[str, Advice] = {
    "NameConflict": "Delete or rename the objects named above, or create the LeadModel under another name.",
    "Forbidden": "The operator lacks a right: install the chart of the operator's own version again (`helm upgrade`).",
    "QuotaExceeded": "Raise the quota of the namespace, or ask for less in spec.predictor.resources and spec.jobs.resources.",
    "Refused": "The API server or an admission policy refuses an object: change the field named above, or the policy.",
    "RolledBack": _released,
    "NoRollbackTarget": "Nothing can serve. Upload a better artifact and run `kubectl leadmodel poll {name}`, or release a digest.",
    "Quarantined": lambda status: (
        f"Name another artifact, or let this one serve: `kubectl leadmodel release {{name}} {_requested(status)}`."
    ),
    "GateFailed": "Train a better model and upload it (`kubectl leadmodel poll {name}` looks at once); "
    "`kubectl leadmodel why {name}` has the figures of the gate.",
    "HoldoutTooSmall": "Upload a holdout with more labelled leads, or lower spec.gate.minPositives and minNegatives.",
    "ProgressDeadlineExceeded": "Look at the pods below and their events (`kubectl describe pods`); "
    "`kubectl leadmodel abort {name}` takes a new model back.",
    "QuarantineFull": "Release digests that nobody needs refused any more: `kubectl leadmodel release {name} DIGEST`.",
    "InvalidSpec": "Correct the field named above (`kubectl leadmodel lint FILE` checks a file); the champion serves on.",
}
# By type and reason of other conditions; "" stands for every other reason.
OTHER: dict[tuple[str, str, str], Advice] = {
    (
        "DriftDetected",
        "True",
        "",
    ): "Live leads no longer look like those the model was trained on, and going back would not "
    "help: retrain on recent leads. The dashboard has the PSI of each feature.",
    (
        "SourceReachable",
        "False",
        "CannotStart",
    ): "The Job that asks the source does not start: see the events of its pod.",
    (
        "SourceReachable",
        "False",
        "",
    ): "Check spec.artifact.uri, its Secret and the network; then `kubectl leadmodel poll {name}`.",
    (
        "BackfillHealthy",
        "False",
        "PiiFound",
    ): "Personal data is left in Redis: read the report named in status.backfill.report.",
    (
        "BackfillHealthy",
        "False",
        "",
    ): "The backfill needs a look: `kubectl get jobs`, and the log of the newest one.",
    (
        "RetrainingHealthy",
        "False",
        "",
    ): "Retraining needs a look: `kubectl get jobs`, and the log of the newest one.",
    (
        "EnrichmentHealthy",
        "False",
        "EnrichmentRejected",
    ): "A text model was refused and the one before serves: train on more messages, or mend the limits of spec.enrichment.",
    (
        "EnrichmentHealthy",
        "False",
        "DriftSustained",
    ): "Live texts differ from those of the training: train a text model on newer messages.",
    (
        "EnrichmentHealthy",
        "False",
        "",
    ): "The text model needs a look, leads are scored as before: the message of EnrichmentHealthy says why.",
    (
        "FollowUpsHealthy",
        "False",
        "SecretMissing",
    ): "Follow-ups lack a Secret or a key of it, which the message of FollowUpsHealthy names: add it, and pods take it up by themselves.",
    (
        "FollowUpsHealthy",
        "False",
        "TemplatesInvalid",
    ): "Mend the templates that the message of FollowUpsHealthy names; `leadmodel-followup lint` checks them before they are applied.",
    (
        "FollowUpsHealthy",
        "False",
        "UnsafeLedger",
    ): "No follow-up is sent: the Redis may forget. Set appendonly yes and maxmemory-policy noeviction there.",
    (
        "FollowUpsHealthy",
        "False",
        "",
    ): "Follow-ups need a look, leads are scored as before: the message of FollowUpsHealthy says why.",
}


def advise(document: Mapping[str, Any]) -> list[str]:
    """Say what to do, the most urgent first; nothing for a LeadModel that is well.

    Args:
        document: A LeadModel as `kubectl get -o json` prints it.
    """
    status, metadata = document.get("status") or {}, document["metadata"]
    name = f"{metadata['name']} -n {metadata['namespace']}"
    if not status.get("conditions"):
        return [
            "The operator has not looked at it: is it running? (`kubectl get pods -A -l app.kubernetes.io/name=leadmodel-operator`)"
        ]
    lines = [*_of_stalled(status), *_of_hold(status), *_of_others(status), *_of_pause(document)]
    return [line.replace("{name}", name) for line in lines]


def _of_stalled(status: Status) -> list[str]:
    stalled = condition(status, "Stalled")
    if stalled is None or stalled["status"] != "True":
        return []
    return [_text(STALLED.get(stalled["reason"], "See `kubectl leadmodel why {name}`."), status)]


def _text(advice: Advice, status: Status) -> str:
    return advice if isinstance(advice, str) else advice(status)


def _of_hold(status: Status) -> list[str]:
    hold, candidate = status.get("hold"), status.get("candidate") or {}
    if hold is None or candidate.get("digest") is None:
        return []
    until = f"It is promoted at {moment(hold['until'])} UTC if nothing is done. " if hold.get("until") else ""
    digest = short(candidate["digest"])
    release, abort = (f"`kubectl leadmodel {verb} {{name}} {digest}`" for verb in ("release", "abort"))
    return [f"A good candidate is held ({hold['reason']}). {until}Let it serve: {release}; drop it: {abort}."]


def _of_others(status: Status) -> list[str]:
    lines = []
    for kind in dict.fromkeys(kind for kind, _, _ in OTHER):
        present = condition(status, kind)
        if present is None:
            continue
        key = (kind, present["status"])
        advice = OTHER.get((*key, present["reason"])) or OTHER.get((*key, ""))
        if advice is not None:
            lines.append(_text(advice, status))
    return lines


def _of_pause(document: Mapping[str, Any]) -> list[str]:
    status = document.get("status") or {}
    if status.get("phase") != "Paused":
        return []
    if (document.get("spec") or {}).get("paused"):
        return ["It is paused by spec.paused: set it to false where the manifest is kept."]
    return ["It is paused by annotation: `kubectl leadmodel resume {name}`."]


def is_ready(document: Mapping[str, Any]) -> bool:
    """Whether what was asked for serves and the spec that was read is the newest one."""
    status = document.get("status") or {}
    is_current = (status.get("observedGeneration") or 0) >= (document["metadata"].get("generation") or 0)
    return is_current and is_true(status, "Ready")
