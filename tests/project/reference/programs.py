"""docs/reference/command-lines.md and exit-codes.md: what every program takes, and how it ends."""

import argparse
import os
import tomllib
from collections.abc import Callable, Iterator
from enum import IntEnum

import leadmodel_cli.kubectl.options
import leadmodel_followup.__main__
import leadmodel_local.options
import leadmodel_operator.__main__
import leadmodel_predictor.__main__
import leadmodel_predictor.jobs.check_text
import leadmodel_predictor.jobs.poll
import leadmodel_predictor.jobs.validate
import leadmodel_privacy.__main__
import leadmodel_training.__main__
import leadmodel_training.synth
import leadmodel_training.text.options
from leadmodel_messages import exits
from leadmodel_messages.errors import ErrorWord
from project.house import ROOT
from project.reference.tables import code, meanings, page, table

PARSERS: dict[str, Callable[[], argparse.ArgumentParser]] = {
    "kubectl-leadmodel": leadmodel_cli.kubectl.options.parser,
    "leadmodel": leadmodel_local.options.parser,
    "leadmodel-check-text": leadmodel_predictor.jobs.check_text.parser,
    "leadmodel-enrich": leadmodel_training.text.options.parser,
    "leadmodel-followup": leadmodel_followup.__main__.parser,
    "leadmodel-operator": leadmodel_operator.__main__.parser,
    "leadmodel-poll": leadmodel_predictor.jobs.poll.parser,
    "leadmodel-predictor": leadmodel_predictor.__main__.parser,
    "leadmodel-privacy": leadmodel_privacy.__main__.parser,
    "leadmodel-synth": leadmodel_training.synth.parser,
    "leadmodel-train": leadmodel_training.__main__.parser,
    "leadmodel-validate": leadmodel_predictor.jobs.validate.parser,
}
OF_SHELLS = ("kubectl_complete-leadmodel",)  # called by kubectl for completion, with the words so far
OLD_NAMES = ("leadmodel-leads",)  # of leadmodel-synth, for one release
EXITS: dict[str, type[IntEnum]] = {
    "kubectl-leadmodel": exits.KubectlExit,
    "leadmodel": exits.LocalExit,
    "leadmodel-check-text": exits.ValidateExit,
    "leadmodel-enrich": exits.EnrichExit,
    "leadmodel-followup": exits.FollowUpExit,
    "leadmodel-operator": exits.OperatorExit,
    "leadmodel-poll": exits.PollExit,
    "leadmodel-predictor": exits.PredictorExit,
    "leadmodel-privacy backfill": exits.BackfillExit,
    "leadmodel-privacy detect": exits.DetectExit,
    "leadmodel-synth": exits.SynthExit,
    "leadmodel-train": exits.TrainExit,
    "leadmodel-validate": exits.ValidateExit,
}


def scripts() -> set[str]:
    """The programs that the package installs."""
    return set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"])


def commands(
    parser: argparse.ArgumentParser, summary: str = "", above: tuple[argparse.Action, ...] = ()
) -> Iterator[tuple[str, str, list[argparse.Action]]]:
    """Yield name, summary and arguments of a program and of each of its commands; one that needs a command has no entry of its own."""
    below = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]  # noqa: SLF001  # argparse has no public list
    own = (*above, *arguments(parser))
    if not any(action.required for action in below):
        yield parser.prog, summary or (parser.description or "").split("\n\n")[0], list(own)
        own = above
    for action in below:
        helps = {choice.dest: choice.help or "" for choice in action._choices_actions}  # noqa: SLF001  # as above
        for name, child in action.choices.items():
            yield from commands(child, helps.get(name, ""), own)


def arguments(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """The arguments that people may give, without help and those the program keeps to itself."""
    hidden = (argparse._HelpAction, argparse._SubParsersAction)  # noqa: SLF001  # as above
    return [a for a in parser._actions if not isinstance(a, hidden) and a.help != argparse.SUPPRESS]  # noqa: SLF001  # as above


def spelled(action: argparse.Action) -> str:
    """The argument as it is typed, with what it takes."""
    words = "{" + ",".join(map(str, action.choices)) + "}" if action.choices else ""
    name = action.metavar if isinstance(action.metavar, str) else words
    if not action.option_strings:
        return name or action.dest.upper()
    value = "" if action.nargs == 0 else " " + (name or action.dest.upper())
    return ", ".join(action.option_strings) + value


def needed(action: argparse.Action) -> str:
    """Whether an argument must be given, and whether it may be repeated."""
    repeats = action.nargs in {"+", "*"} or isinstance(action, argparse._AppendAction)  # noqa: SLF001  # as above
    must = action.required and action.nargs != "?"
    return ", ".join(["required"] * must + ["repeatable"] * repeats)


def command_lines() -> str:
    """The page of command lines."""
    parts = []
    for name, make in PARSERS.items():
        for prog, text, taken in commands(_without_environment(make)):
            rows = [(code(spelled(a)), needed(a), (a.help or "").replace("%%", "%")) for a in taken]
            body = table(("argument", "", "meaning"), rows) if rows else "It takes no arguments.\n"
            parts.append(f"## {prog}\n\n{_sentence(text)}\n\n{body}")
        assert name in scripts()
    intro = (
        "Every program and what it takes; `--help` says the same. Flags of `leadmodel-predictor` are also read from the environment:"
        " `--drain-seconds` is `LEADMODEL_DRAIN_SECONDS`. How programs end: [exit codes](exit-codes.md)."
    )
    return page("Reference: command lines", intro, *parts)


def _without_environment(make: Callable[[], argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """A parser as on a machine where no variable of ours is set."""
    kept = {
        name: os.environ.pop(name) for name in list(os.environ) if name.startswith(("LEADMODEL_", "POD_"))
    }
    try:
        return make()
    finally:
        os.environ.update(kept)


def _sentence(text: str) -> str:
    whole = text[:1].upper() + text[1:]
    return whole if not whole or whole.endswith((".", ":")) else whole + "."


def exit_codes() -> str:
    """The page of exit codes and error words."""
    parts = []
    for program, kind in EXITS.items():
        means = meanings(kind)
        rows = [(code(str(int(member))), member.name, means[member.name]) for member in kind]
        parts.append(f"## {program}\n\n" + table(("code", "name", "meaning"), rows))
    words = meanings(ErrorWord)
    rows = [(code(word.value), words[word.name]) for word in ErrorWord]
    intro = (
        "How each program ends. A Job's pod ends with the same code, and the operator decides by it whether to try again. The names are"
        " those of `contract/leadmodel_messages/exits.py`. A code keeps its meaning ([messages](../messages.md))."
    )
    errors = (
        "## Error words\n\nA failure or refusal names its cause with one of these words; conditions repeat it.\n\n"
        + table(("word", "meaning"), rows)
    )
    return page("Reference: exit codes", intro, *parts, errors)
