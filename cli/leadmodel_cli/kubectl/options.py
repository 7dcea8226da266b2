"""The command line of `kubectl leadmodel`: every verb with its help and examples. docs/kubectl.md is made from it."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

PROG = "kubectl leadmodel"


@dataclass(frozen=True)
class Verb:
    """One verb: its line in the list, what it does, and examples that teach."""

    name: str
    short: str
    text: str
    examples: tuple[str, ...]


VERBS = (
    Verb(
        "status",
        "one LeadModel: what is wrong, and what to do",
        "Show phase, models, pods, quarantine and Jobs of one LeadModel as a tree, and below it what to do. "
        "Ends with 0 if what was asked for serves, with 3 if not.",
        (
            "status conversion -n sales",
            "status conversion -w",
            "status conversion -v",
            "status conversion -o json",
        ),
    ),
    Verb(
        "list",
        "all LeadModels",
        "Show the table that `kubectl get leadmodels` shows.",
        ("list", "list -A", "list -o wide"),
    ),
    Verb(
        "history",
        "every decision, oldest first",
        "Show the decisions that the status remembers (20), with their reasons.",
        ("history conversion", "history conversion -o yaml"),
    ),
    Verb(
        "why",
        "the last decision in sentences, with its numbers",
        "Explain why a LeadModel is as it is: champion, gate, live leads, quarantine, and what it waits for.",
        ("why conversion -n sales",),
    ),
    Verb(
        "diff",
        "champion against candidate: figures, features, coefficients",
        "Compare two models whose bytes the cluster keeps. Without digests: the champion and the candidate, else the previous "
        "model and the champion.",
        ("diff conversion", "diff conversion 22f8bd1b7789 1f2e3d4c5b6a"),
    ),
    Verb(
        "rollback",
        "go back to an older model",
        "Ask the operator to serve an older model again, and wait for its answer. The model that served is quarantined.",
        ("rollback conversion", "rollback conversion --to 1f2e3d4c5b6a"),
    ),
    Verb(
        "release",
        "let a held or quarantined model serve",
        "Take a digest out of quarantine, or let a held candidate be promoted.",
        ("release conversion", "release conversion 1f2e3d4c5b6a"),
    ),
    Verb(
        "abort",
        "take back the model that rolls out, or drop the candidate",
        "Stop a rollout and serve the model before it, or drop the candidate; either is quarantined.",
        ("abort conversion",),
    ),
    Verb(
        "promote",
        "end the steps of a canary: let the candidate answer all leads",
        "Skip the steps of `spec.rollout` that are left. The candidate is promoted once the pods have been read again; one that harms the "
        "leads of its share is refused all the same.",
        ("promote conversion", "promote conversion 1f2e3d4c5b6a"),
    ),
    Verb(
        "poll", "ask the source now", "Ask the source at once which artifact it holds.", ("poll conversion",)
    ),
    Verb(
        "refresh",
        "roll the pods to the operator's present image",
        "Restart the champion's pods with the present default image and the present way of rendering pods.",
        ("refresh conversion",),
    ),
    Verb(
        "pause",
        "stop every decision",
        "Stop every decision; leads are answered as before.",
        ("pause conversion",),
    ),
    Verb("resume", "decide again", "Take the pause back.", ("resume conversion",)),
    Verb(
        "lint",
        "check manifests offline, and preview what would happen",
        "Check LeadModels in files as the API server would, with the schema and the CEL rules of the CRD, and show what the operator "
        "would do first. Needs no cluster. Ends with 3 if one would be refused.",
        ("lint conversion.yaml", "lint -q models/*.yaml", "kustomize build . | kubectl leadmodel lint -"),
    ),
    Verb(
        "replay",
        "past leads through the policy of a LeadModel, in simulated time",
        "Read the spec of a LeadModel and run `leadmodel local replay` with it; further options are that program's.",
        (
            "replay conversion --leads leads.csv.gz",
            "replay conversion --leads leads.csv.gz --plot replay.svg",
        ),
    ),
    Verb(
        "report",
        "a zip for people who help, without secrets and leads",
        "Write status, events and the state of pods and Jobs into a zip. Secrets, ConfigMaps, logs and leads are not read, and "
        "every word that is not LeadModel's own is replaced.",
        ("report conversion", "report conversion --out report.zip"),
    ),
    Verb(
        "dashboard",
        "a page in the browser, live and read-only",
        "Serve a page on this machine's loopback address: all LeadModels, and each with its gate, live leads, decisions and pods. "
        "Open the printed address, which holds a token. The page only reads, with your rights.",
        ("dashboard -n sales", "dashboard -A --port 8001"),
    ),
    Verb("version", "of the plugin and of the operators", "Show what runs.", ("version", "version --client")),
)
CODES = (
    "Exit codes: 0 done; 1 kubectl failed (no such object, no right, no connection); 2 wrong arguments; 3 not ready, or a manifest "
    "would be refused; 4 the operator refused the command; 5 the operator did not answer in time."
)


def parser() -> argparse.ArgumentParser:
    """Build the parser with all verbs."""
    top = argparse.ArgumentParser(
        prog=PROG,
        description="Look at LeadModels and tell the operator what to do. Reads with kubectl and your own rights; verbs write only the "
        "annotations of the API.",
        epilog=f"Begin with `{PROG} list -A`, then `{PROG} status NAME -n NAMESPACE`. {CODES}",
    )
    _add_place(top, default=None)
    commands = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb in VERBS:
        command = commands.add_parser(
            verb.name,
            help=verb.short,
            description=verb.text,
            epilog="Examples:\n" + "\n".join(f"  {_example(line)}" for line in verb.examples),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        _add_place(command, default=argparse.SUPPRESS)
        _add_arguments(verb.name, command)
    return top


def _example(line: str) -> str:
    return line if "|" in line else f"{PROG} {line}"


def _add_place(parser: argparse.ArgumentParser, default: Any) -> None:
    """Add where to look: before the verb and behind it alike."""
    parser.add_argument(
        "-n", "--namespace", default=default, help="namespace of the LeadModel (that of the context)"
    )
    parser.add_argument("--context", default=default, help="context of the kubeconfig")
    parser.add_argument("--kubeconfig", default=default, help="kubeconfig file")


def _add_arguments(verb: str, command: argparse.ArgumentParser) -> None:
    if verb not in {"list", "lint", "dashboard", "version"}:
        command.add_argument("name", metavar="NAME", help="name of the LeadModel")
    if verb in _ADD:
        _ADD[verb](command)
    if verb in {"rollback", "release", "abort", "promote", "poll", "refresh", "pause", "resume"}:
        text = "wait so long for the operator's answer (30; 0: do not wait)"
        command.add_argument("--timeout", type=seconds, default=30.0, metavar="SECONDS", help=text)


def seconds(text: str) -> float:
    """A time to wait; argparse shows the name of this function where a text is no number."""
    number = float(text)
    if not 0 <= number <= 86400:
        raise argparse.ArgumentTypeError("must be 0 to 86400 seconds")
    return number


def _output(command: argparse._ActionsContainer, choices: Sequence[str]) -> None:
    command.add_argument("-o", "--output", choices=choices, help="print documents instead")


def _everywhere(command: argparse.ArgumentParser) -> None:
    command.add_argument("-A", "--all-namespaces", action="store_true", help="of all namespaces")


def _digest(*helps: str) -> Callable[[argparse.ArgumentParser], None]:
    """Arguments for digests that may be left out: one, or two to compare."""

    def add(command: argparse.ArgumentParser) -> None:
        for name, text in zip(("first", "second") if len(helps) > 1 else ("digest",), helps, strict=True):
            command.add_argument(name, nargs="?", metavar="DIGEST", help=text)

    return add


def _status(command: argparse.ArgumentParser) -> None:
    command.add_argument("-v", "--verbose", action="store_true", help="also conditions, events and all Jobs")
    either = command.add_mutually_exclusive_group()
    either.add_argument("-w", "--watch", action="store_true", help="again after each change, until Ctrl-C")
    _output(either, ["json", "yaml"])


def _list(command: argparse.ArgumentParser) -> None:
    _everywhere(command)
    _output(command, ["wide", "json", "yaml"])


def _lint(command: argparse.ArgumentParser) -> None:
    command.add_argument("files", nargs="+", metavar="FILE", help="manifests; - for the standard input")
    command.add_argument("-q", "--quiet", action="store_true", help="leave out the preview")


def _dashboard(command: argparse.ArgumentParser) -> None:
    _everywhere(command)
    ports, text = range(65536), "port to listen on (0: a free one)"
    command.add_argument("--port", type=int, choices=ports, default=0, metavar="PORT", help=text)


def _version(command: argparse.ArgumentParser) -> None:
    command.add_argument("--client", action="store_true", help="only of the plugin")
    _output(command, ["json"])


_ADD: dict[str, Callable[[argparse.ArgumentParser], object]] = {
    "status": _status,
    "list": _list,
    "history": lambda command: _output(command, ["json", "yaml"]),
    "diff": _digest("the model to start from (the champion)", "the model to compare it with (the candidate)"),
    "rollback": lambda command: command.add_argument(
        "--to", dest="digest", metavar="DIGEST", help="the model (the previous one)"
    ),
    "release": _digest("the model (the held one)"),
    "abort": _digest("the model (the newest one)"),
    "promote": _digest("the model (the one in a step)"),
    "lint": _lint,
    "dashboard": _dashboard,
    "replay": lambda command: command.add_argument(
        "--leads", required=True, metavar="FILE", help="past leads with times and outcomes"
    ),
    "report": lambda command: command.add_argument(
        "--out", metavar="FILE", help="where to write (the present folder)"
    ),
    "version": _version,
}
