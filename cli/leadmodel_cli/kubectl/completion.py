"""Completion: kubectl runs `kubectl_complete-leadmodel` with the words so far, and shows the lines it prints.

Each line is a word, a tab and a description; the last line is `:4`, which tells the shell not to complete file names (cobra's protocol).
"""

import leadmodel_messages.interrupt  # noqa: F401  # first: from here on a Ctrl-C prints no traceback

# isort: split
import argparse
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NoReturn

from leadmodel_cli.kubectl.cluster import Cluster, ClusterError, Runner, run_kubectl
from leadmodel_cli.kubectl.options import VERBS, parser
from leadmodel_messages.leaving import leave
from leadmodel_messages.visible import visible

FILES, NO_FILES = 0, 4
Words = list[tuple[str, str]]
WITH_DIGEST = {
    "diff": (2, 3),
    "release": (2,),
    "abort": (2,),
    "promote": (2,),
}  # places of digests among the words that are no flags


def complete(words: Sequence[str], runner: Runner = run_kubectl) -> tuple[Words, int]:
    """The words that may stand in place of the last one, each with a description, and what the shell is to do besides."""
    *before, last = words or [""]
    plain = _plain(before)
    if before and before[-1] in {"-n", "--namespace"}:
        return _starting(last, _ask(before, runner, _namespaces)), NO_FILES
    if not plain:
        return _starting(last, [(verb.name, verb.short) for verb in VERBS]), NO_FILES
    verb = plain[0]
    if last.startswith("-"):
        return _starting(last, _flags(verb)), NO_FILES
    if verb == "lint" or (before and before[-1] in {"--leads", "--out", "--kubeconfig", "--plot"}):
        return [], FILES
    if before[-1] == "--to" or len(plain) in WITH_DIGEST.get(verb, ()):
        return _starting(last, _ask(before, runner, lambda cluster: _digests(cluster, plain))), NO_FILES
    if len(plain) == 1 and verb not in {"list", "dashboard", "version"}:
        return _starting(last, _ask(before, runner, _names)), NO_FILES
    return [], NO_FILES


def _plain(words: Sequence[str]) -> list[str]:
    """The words that are neither flags nor values of flags."""
    takes = {
        "-n",
        "--namespace",
        "--context",
        "--kubeconfig",
        "-o",
        "--output",
        "--to",
        "--timeout",
        "--leads",
        "--out",
    }
    return [
        word
        for i, word in enumerate(words)
        if not word.startswith("-") and (i == 0 or words[i - 1] not in takes)
    ]


def _starting(beginning: str, words: Words) -> Words:
    return [(word, text) for word, text in words if word.startswith(beginning)]


def _flags(verb: str) -> Words:
    actions = next(a for a in parser()._actions if isinstance(a, argparse._SubParsersAction))  # noqa: SLF001
    command = actions.choices.get(verb)
    if command is None:
        return []
    return [
        (flag, str(action.help or ""))
        for action in command._actions  # noqa: SLF001
        for flag in action.option_strings
        if flag.startswith("--")
    ]


def _ask(before: Sequence[str], runner: Runner, question: Callable[[Cluster], Words]) -> Words:
    """Ask the cluster that the words before name; a cluster that does not answer offers nothing."""
    value = {flag: word for flag, word in pairwise(before) if flag.startswith("-")}
    flags = [f"{flag}={value[flag]}" for flag in ("--context", "--kubeconfig") if flag in value]
    try:
        return question(
            Cluster((*flags, "--request-timeout=3s"), value.get("-n") or value.get("--namespace"), run=runner)
        )
    except ClusterError:
        return []


def _names(cluster: Cluster) -> Words:
    return [
        (item["metadata"]["name"], (item.get("status") or {}).get("phase", ""))
        for item in cluster.lead_models()
    ]


def _namespaces(cluster: Cluster) -> Words:
    return [(item["metadata"]["name"], "") for item in cluster.items("namespaces")]


def _digests(cluster: Cluster, plain: Sequence[str]) -> Words:
    from leadmodel_cli.kubectl.verbs import digests
    from leadmodel_operator.resource.digest import short

    status = cluster.lead_model(plain[1]).get("status") or {} if len(plain) > 1 else {}
    texts = {
        entry["digest"]: f"{entry['reason']} {entry['at']}" for entry in reversed(status.get("history") or [])
    }
    return [(short(digest), texts.get(digest, "")) for digest in digests(status)]


def main() -> int:
    """Print the words for kubectl."""
    words, directive = complete(sys.argv[1:])
    for word, text in words:
        print(visible(f"{word}\t{text}".replace("\n", " ")))
    print(f":{directive}")
    return 0


def program() -> NoReturn:
    """Run `kubectl_complete-leadmodel` as a program of its own."""
    leave(main)


if __name__ == "__main__":
    program()
