"""The program behind `kubectl leadmodel`: parses arguments, calls one verb, gives the exit code. Modules are imported by the verb that needs them."""

import leadmodel_messages.interrupt  # noqa: F401  # first: from here on a Ctrl-C prints no traceback

# isort: split
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NoReturn

from leadmodel_cli.kubectl.cluster import Cluster, ClusterError, Runner, run_kubectl
from leadmodel_cli.kubectl.options import PROG, parser
from leadmodel_messages.exits import KubectlExit
from leadmodel_messages.leaving import leave
from leadmodel_messages.visible import visible

Action = Callable[[Cluster, Namespace], int]


def now() -> datetime:
    """Return the present instant in UTC."""
    return datetime.now(UTC)  # noqa: TID251  # the outermost layer


def main(
    arguments: Sequence[str] | None = None, runner: Runner = run_kubectl, clock: Callable[[], datetime] = now
) -> int:
    """Run the plugin and return its exit code.

    Args:
        arguments: The command line without the program's name; None: that of the process.
        runner: Runs kubectl.
        clock: Gives the present instant in UTC.
    """
    options, rest = parser().parse_known_args(arguments)
    if rest and options.verb != "replay":
        parser().error(f"unrecognized arguments: {visible(' '.join(rest))}")
    options.rest = rest
    flags = [f"--{flag}={value}" for flag in ("context", "kubeconfig") if (value := getattr(options, flag))]
    cluster = Cluster(tuple(flags), options.namespace, getattr(options, "all_namespaces", False), runner)
    try:
        return action(options.verb, clock)(cluster, options)
    except ValueError as error:
        print(f"{PROG}: {visible(str(error))}", file=sys.stderr)
        return KubectlExit.USAGE
    except (ClusterError, OSError) as error:
        print(f"{PROG}: {visible(str(error))}", file=sys.stderr)
        return KubectlExit.FAILED
    except ModuleNotFoundError as error:
        print(f"{PROG}: {error.name} is not installed: pip install 'leadmodel[cli]'", file=sys.stderr)
        return KubectlExit.FAILED
    except KeyboardInterrupt:
        return 130


def action(verb: str, clock: Callable[[], datetime]) -> Action:
    """The function of a verb; its modules are imported here, so that no verb waits for those of another."""
    if verb in {"status", "list", "why", "history", "diff"}:
        from leadmodel_cli.kubectl import shows

        views = {
            "status": shows.status,
            "list": shows.listing,
            "why": shows.explain,
            "history": shows.history,
            "diff": shows.diff,
        }
        return lambda cluster, options: views[verb](cluster, options, clock)
    if verb in {"lint", "report", "replay", "dashboard", "version"}:
        return _tool(verb, clock)
    return _command(verb)


def _tool(verb: str, clock: Callable[[], datetime]) -> Action:
    if verb == "lint":
        from leadmodel_cli.kubectl.lint import lint

        return lambda _cluster, options: lint(options, clock())
    if verb == "report":
        from leadmodel_cli.kubectl.report import report

        return lambda cluster, options: report(cluster, options, clock())
    if verb == "replay":
        from leadmodel_cli.kubectl.replay import replay

        return replay
    if verb == "dashboard":
        from leadmodel_cli.kubectl.dashboard import dashboard

        return lambda cluster, options: dashboard(cluster, options, clock)
    from leadmodel_cli.kubectl.version import version

    return version


def _command(verb: str) -> Action:
    from leadmodel_cli.kubectl import verbs
    from leadmodel_cli.kubectl.answers import Clock
    from leadmodel_operator.resource.vocabulary import Command

    if verb in {"pause", "resume"}:
        return lambda cluster, options: verbs.pause(cluster, options, Clock())
    command = Command.ROLLBACK_TO if verb == "rollback" else Command(verb)
    return lambda cluster, options: verbs.command(cluster, options, command, Clock())


def program() -> NoReturn:
    """Run `kubectl-leadmodel` as a program of its own."""
    leave(main)


if __name__ == "__main__":
    program()
