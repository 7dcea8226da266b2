"""The command line of `leadmodel local …`: every command with its help."""

import argparse
from pathlib import Path
from typing import Any

from leadmodel_local.demo import command as demo
from leadmodel_local.replay import command as replay
from leadmodel_local.serving.listener import LAST_PORT
from leadmodel_messages.uris import local_path

NOT_DONE = (
    "On one machine there are no CEL rules, Secrets (their keys are read from the environment), autoscaler, network "
    "policy or cron: retraining, backfill and the training of text models run on `leadmodel local run`."
)


FOLLOW_UPS = (
    "spec.followUps runs with the ConfigMap of its texts among the manifests, a Valkey in the state folder, and random keys instead "
    "of its Secrets in .secrets there; the log says where to hand leads in."
)
_NAME = "the LeadModel, as NAME or NAMESPACE/NAME; without it all"


def parser() -> argparse.ArgumentParser:
    """Build the parser of the command line."""
    top = argparse.ArgumentParser(prog="leadmodel", description="LeadModel without a cluster.")
    local = top.add_subparsers(dest="area", required=True).add_parser(
        "local",
        help="the same decisions on this machine",
        description="Run LeadModels on this machine with the operator's own decisions: validation and predictors are child "
        "processes, everything else is files in the state folder.",
        epilog="First steps: `leadmodel local demo` shows the loop in a minute; `leadmodel local up model.yaml` runs yours. "
        + NOT_DONE,
    )
    local.add_argument(
        "--state", type=local_path, default=Path(".leadmodel"), help="state folder (.leadmodel)"
    )
    commands = local.add_subparsers(dest="verb", required=True, metavar="COMMAND")
    _add_up(commands)
    _add_views(commands)
    _add_shows(commands)
    run_now = commands.add_parser(
        "run", help="run retraining, the PII backfill or the training of the text model of a LeadModel now"
    )
    run_now.add_argument("kind", choices=["retraining", "backfill", "enrichment"], help="what to run")
    run_now.add_argument("name", help="the LeadModel, as NAME or NAMESPACE/NAME")
    return top


def _add_up(commands: Any) -> None:
    up = commands.add_parser(
        "up", help="run the LeadModels of manifests until Ctrl-C", description=NOT_DONE + " " + FOLLOW_UPS
    )
    up.add_argument(
        "files",
        nargs="+",
        type=Path,
        help="manifests of LeadModels and of texts, or folders of them; watched while it runs",
    )
    up.add_argument(
        "--port",
        type=_port,
        default=0,
        help="port of the first LeadModel; the next ones take the ports behind; default: free ones, then kept",
    )
    up.add_argument(
        "--channels",
        type=local_path,
        help="send follow-ups by the providers of the manifest, with the keys in FOLDER/CHANNEL/KEY, such as sms/authToken; without "
        "it each channel only logs, and nothing leaves this machine",
        metavar="FOLDER",
    )
    # the lock of the program that started the runtime: the runtime ends with that program
    up.add_argument("--while-held", type=Path, help=argparse.SUPPRESS)


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= LAST_PORT:
        raise argparse.ArgumentTypeError(f"a port is a number from 1 to {LAST_PORT}")
    return number


def _add_shows(commands: Any) -> None:
    demo.add_options(
        commands.add_parser(
            "demo",
            help="the whole loop in a minute",
            description="Train, serve, refuse, roll out, drift, roll back: the loop on this machine, with real programs.",
        )
    )
    replay.add_options(
        commands.add_parser(
            "replay",
            help="past leads through the policy of a manifest, in simulated time",
            description="What would have been validated, promoted, found drifting, rolled back and alerted, day by day. Trains, "
            "validates and scores with the real programs and decides with the operator's own plan; hours pass in seconds.",
        )
    )


def _add_views(commands: Any) -> None:
    dashboard = commands.add_parser("dashboard", help="the same in a browser: a live page on this machine")
    dashboard.add_argument("--port", type=_port, default=0, help="port to listen on (0: a free one)")
    get = commands.add_parser("get", help="the table of kubectl get leadmodels")
    get.add_argument("name", nargs="?", help=_NAME)
    get.add_argument("-w", "--watch", action="store_true", help="again whenever it changes")
    get.add_argument(
        "-o",
        "--output",
        choices=["wide", "tree", "json", "yaml"],
        help="more columns, the tree of models, processes and Jobs, or the whole document",
    )
    for verb, text in (
        ("why", "the last decision in prose, with its numbers"),
        ("history", "all decisions"),
    ):
        commands.add_parser(verb, help=text).add_argument("name", nargs="?", help=_NAME)
