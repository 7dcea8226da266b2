"""docs/reference/annotations.md: commands, switches and labels, from the vocabulary and from the names of objects."""

from leadmodel_operator.kubernetes.render import names
from leadmodel_operator.resource.vocabulary import ADOPT_ANNOTATION, GROUP, PAUSED_ANNOTATION, Command
from project.reference.tables import code, page, table

COMMANDS = {
    Command.ROLLBACK_TO: (
        "a digest that has served here",
        "Serves that model and quarantines the champion as `Manual`.",
    ),
    Command.RELEASE: (
        "a quarantined or held digest",
        "Lifts the quarantine or the hold. The digest is judged or promoted again.",
    ),
    Command.ABORT: (
        "the digest of the candidate or of a rollout that has not ended",
        "Quarantines it as `Manual`; a rollout goes back to the model before.",
    ),
    Command.PROMOTE: (
        "the digest of a candidate in a step of `spec.rollout`",
        "Ends the steps. The candidate is promoted at the next reading of the pods, unless it harms the leads of its share.",
    ),
    Command.POLL: ("anything new, such as the time", "Polls the source at once."),
    Command.REFRESH: (
        "anything new, such as the time",
        "Rolls the same model out with the operator's present default image and rendering.",
    ),
}
SWITCHES = {
    PAUSED_ANNOTATION: "The operator observes and reports, and changes nothing. `spec.paused` does the same.",
    ADOPT_ANNOTATION: "Takes over what an earlier LeadModel of this name left, and believes its ledger.",
}
LABELS = {
    names.LABEL: "every object of a LeadModel; the value is its name",
    names.ROLE: "every object of a LeadModel: `predictor`, `validation`, `poll`, `revision`, …",
    names.MANAGED_LABEL: f"every object of a LeadModel: `{names.MANAGED_BY}`",
}
ANNOTATIONS = {
    names.DIGEST: "snapshots and Jobs: the full digest they are for",
    names.TEXT_DIGEST: "ConfigMaps that hold a text model: its full digest",
    names.DECISION: "the Deployment: the number of the decision it carries out",
    names.TEMPLATE: "the Deployment: the version of the rendering it was made with",
    names.CHAMPION: "pods of predictors: the digest of the champion",
    names.PREVIOUS: "pods of predictors: the digest of the previous model, or nothing",
    names.RENDERED: "an object: a hash of what the operator last applied",
    names.CLAIMED: "a snapshot: the decision that is to serve it, so that no older plan deletes it",
    names.CHALLENGER_DIGEST: "the ConfigMap of the candidate before the pods: its full digest",
}


def render() -> str:
    """The page."""
    commands = [(code(f"{GROUP}/{command}"), *COMMANDS[command]) for command in Command]
    switches = [(code(f'{name}: "true"'), text) for name, text in SWITCHES.items()]
    rows = [(code(name), text) for name, text in (*LABELS.items(), *ANNOTATIONS.items())]
    return page(
        "Reference: annotations and labels",
        "People give commands to a LeadModel by annotation. An annotation is no difference to Argo CD or Flux, so a person on call needs no"
        " commit.",
        "## Commands\n\nEach value is acted on once. To repeat a command with the same value, add `@` and anything new: `sha256:…@2`. A digest"
        " is written in full or as its first 12 or more hex digits. What cannot be done is answered by the event `VerbRefused`, also an empty"
        " value where a digest is due. An empty `poll` or `refresh` does nothing. Remove an annotation with `-` behind its name; that is no"
        " command.\n\n"
        '```text\nkubectl annotate leadmodel conversion customerops.dev/poll="$(date +%s)" --overwrite\n```\n\n'
        + table(("annotation", "value", "does"), commands),
        "## Switches\n\nThese hold as long as they are set.\n\n" + table(("annotation", "does"), switches),
        "## Labels and annotations that the operator writes\n\nRead them, select by them, and leave them alone.\n\n"
        + table(("name", "where, and what it says"), rows),
    )
