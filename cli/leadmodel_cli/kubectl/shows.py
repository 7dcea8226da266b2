"""What `kubectl leadmodel` shows: reads documents, hands them to pure views, prints what those say."""

import json
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from datetime import datetime
from typing import Any

from leadmodel_cli.kubectl.cluster import Cluster, ClusterError, Document, NotThereError, event_time
from leadmodel_cli.kubectl.parts import children
from leadmodel_cli.views import advice, table, tree, why
from leadmodel_messages.exits import KubectlExit
from leadmodel_messages.visible import visible, visible_document
from leadmodel_operator.resource.digest import short

LOOK_S = 1.0
REDRAW = "\x1b[H\x1b[J"  # to the upper left, and clear the rest
EVENTS_SHOWN = 10
Now = Callable[[], datetime]


def document_text(document: Any, output: str) -> str:
    """A document as JSON or YAML; what a terminal would act upon is escaped by both formats."""
    if output == "json":
        return json.dumps(document, indent=2)
    import yaml

    return str(yaml.safe_dump(document, sort_keys=False, width=120)).rstrip()


def listing(cluster: Cluster, options: Namespace, now: Now) -> int:
    """The table of all LeadModels."""
    models = cluster.lead_models()
    if options.output in {"json", "yaml"}:
        print(document_text({"apiVersion": "v1", "kind": "List", "items": models}, options.output))
    elif models:
        wide, everywhere = options.output == "wide", cluster.everywhere
        print(table.text(table.rows(visible_document(models), now(), wide=wide, everywhere=everywhere)))
    else:
        where = "in any namespace" if cluster.everywhere else "in this namespace; -A looks in all"
        print(f"there is no LeadModel {where}", file=sys.stderr)
    return KubectlExit.DONE


def status(cluster: Cluster, options: Namespace, now: Now) -> int:
    """One LeadModel as a tree with what to do; with `--watch` again after each change, until Ctrl-C, and through failures of the connection."""
    if options.output:
        document = cluster.lead_model(options.name)
        print(document_text(document, options.output))
        return KubectlExit.DONE if advice.is_ready(document) else KubectlExit.NOT_READY
    before = ""
    while True:
        try:
            page, is_ready = _status_page(cluster, options, now)
        except NotThereError:
            raise
        except ClusterError as error:
            if not before:
                raise
            page, is_ready = f"not read, trying again: {visible(str(error))}", False
        if page != before:
            print((REDRAW if options.watch and sys.stdout.isatty() else "") + page, flush=True)
        if not options.watch:
            return KubectlExit.DONE if is_ready else KubectlExit.NOT_READY
        before = page
        time.sleep(LOOK_S)


def _status_page(cluster: Cluster, options: Namespace, now: Now) -> tuple[str, bool]:
    document = cluster.lead_model(options.name)
    objects = _parts(cluster, document)
    family = children(visible_document(objects), all_jobs=options.verbose)
    safe = visible_document(document)
    lines = [tree.draw([tree.build(safe, family, now())])]
    todo = advice.advise(safe)
    if todo:
        lines += ["", *(f"→ {line}" for line in todo)]
    if options.verbose:
        lines += ["", *_conditions(safe, now()), "", *_events(cluster, safe, now())]
    return "\n".join(lines), advice.is_ready(document)


def _parts(cluster: Cluster, document: Document) -> list[Document]:
    try:
        return cluster.parts(document, "pods,jobs")
    except ClusterError:
        return []  # a viewer of LeadModels alone sees the rest


def _conditions(document: Document, now: datetime) -> list[str]:
    rows = [["CONDITION", "STATUS", "REASON", "SINCE", "MESSAGE"]]
    rows += [
        [
            c["type"],
            c["status"],
            c["reason"],
            table.age(c.get("lastTransitionTime"), now),
            c.get("message", ""),
        ]
        for c in (document.get("status") or {}).get("conditions") or []
    ]
    return table.text(rows).splitlines()


def _events(cluster: Cluster, document: Document, now: datetime) -> list[str]:
    metadata = document["metadata"]
    try:
        events = visible_document(cluster.items("events.events.k8s.io", namespace=metadata["namespace"]))
    except ClusterError:
        return ["events: not readable"]
    ours = [e for e in events if (e.get("regarding") or {}).get("name") == metadata["name"]]
    ours.sort(key=event_time)
    rows = [["EVENT", "AGE", "NOTE"]]
    rows += [
        [str(e.get("reason")), table.age(event_time(e) or None, now), str(e.get("note", ""))]
        for e in ours[-EVENTS_SHOWN:]
    ]
    return table.text(rows).splitlines() if len(rows) > 1 else ["no events"]


def explain(cluster: Cluster, options: Namespace, _now: Now) -> int:
    """Why it is as it is, in sentences."""
    document = visible_document(cluster.lead_model(options.name))
    print("\n".join([*why.why(document), *(f"What to do: {line}" for line in advice.advise(document))]))
    return KubectlExit.DONE


def history(cluster: Cluster, options: Namespace, _now: Now) -> int:
    """Every decision that the status remembers, oldest first."""
    document = cluster.lead_model(options.name)
    if options.output:
        print(document_text((document.get("status") or {}).get("history") or [], options.output))
        return KubectlExit.DONE
    print("\n".join(why.history(visible_document(document))) or "no decision yet")
    return KubectlExit.DONE


# --- diff ----------------------------------------------------------------------------------------------------------------------


def diff(cluster: Cluster, options: Namespace, _now: Now) -> int:
    """Champion against candidate, or any two models whose bytes the cluster still has."""
    from leadmodel_cli.kubectl.verbs import UsageError, full
    from leadmodel_cli.views.diff import compare

    document = cluster.lead_model(options.name)
    state = document.get("status") or {}
    champion, candidate = ((state.get(role) or {}).get("digest") for role in ("champion", "candidate"))
    previous = (state.get("previous") or {}).get("digest")
    default = (champion, candidate) if candidate and candidate != champion else (previous, champion)
    first = full(state, options.first) if options.first else default[0]
    second = full(state, options.second) if options.second else default[1]
    if not first or not second:
        raise UsageError(
            "there are no two models to compare yet; name two digests of `kubectl leadmodel history`"
        )
    if first == second:
        raise UsageError(f"both are {short(first)}; name two different digests")
    models = [(digest, _artifact(cluster, document, digest)) for digest in (first, second)]
    print(visible("\n".join(compare(models[0], models[1], state))))
    return KubectlExit.DONE


def _artifact(cluster: Cluster, document: Document, digest: str) -> Any:
    """The artifact with a digest out of its snapshot or the mailbox of validations; None where its bytes are not kept."""
    from leadmodel_artifact.artifact import parse
    from leadmodel_artifact.model import ArtifactError
    from leadmodel_artifact.snapshot import unpack
    from leadmodel_operator.kubernetes.render.names import revision_name
    from leadmodel_operator.kubernetes.render.snapshots import packed_of

    metadata = document["metadata"]
    for name in (revision_name(metadata["name"], digest), f"{metadata['name']}-mailbox"):
        try:
            packed = packed_of(cluster.get("configmap", name, metadata["namespace"]))
            if packed is not None:
                return parse(unpack(packed), expect=digest)
        except (NotThereError, ArtifactError):
            continue
    return None
