"""Screens of the demo: a live one on a terminal, plain lines in a pipe. Both show the same story."""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

from leadmodel_local.demo.figures import Figures
from leadmodel_local.demo.story import StepProgress, Story


class Screen(Protocol):
    """Shows a story while the story happens."""

    def __enter__(self) -> Any:
        """Begin to show the story."""

    def __exit__(self, *_: object) -> None:
        """Stop showing; what the screen showed stays visible."""

    def step_began(self, step: StepProgress) -> None:
        """Show that a step began."""

    def step_ended(self, step: StepProgress) -> None:
        """Show that a step held, or did not hold."""

    def event(self, text: str) -> None:
        """Show an event of the LeadModel."""


@dataclass
class PlainScreen:
    """Prints lines, for a pipe or a log: no colours, no cursor movement."""

    story: Story
    print_line: Callable[[str], None] = lambda line: print(line, flush=True)  # noqa: T201  # the program's output

    def __enter__(self) -> Self:
        """Print how many steps follow and where the files lie."""
        self.print_line(
            f"LeadModel demo: {len(self.story.steps)} steps; everything lies in {self.story.folder}"
        )
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing: printed lines stay."""

    def step_began(self, step: StepProgress) -> None:
        """Print the number and the title of a step."""
        number = self.story.steps.index(step) + 1
        self._timed(f"{number}/{len(self.story.steps)} {step.title}")

    def step_ended(self, step: StepProgress) -> None:
        """Print whether a step held and what the step saw."""
        self._timed(f"  {'ok' if step.held else 'NOT'}: {step.message}")

    def event(self, text: str) -> None:
        """Print an event of the LeadModel."""
        self._timed(f"    {text}")

    def _timed(self, text: str) -> None:
        self.print_line(f"{self.story.seconds():5.1f}s  {text}")


def choose_screen(story: Story) -> Screen:
    """Choose the live screen when there is a terminal and `rich` is installed, else plain lines."""
    if not sys.stdout.isatty() or os.environ.get("TERM", "dumb") in {"", "dumb", "unknown"}:
        return PlainScreen(story)
    try:
        from leadmodel_local.demo.live import LiveScreen
    except ImportError:
        return PlainScreen(story)
    return LiveScreen(story)


def summary(story: Story, figures: Figures, advice: Sequence[str]) -> list[str]:
    """Write the last lines: how many steps held, how many requests failed, what to look at next."""
    held = sum(bool(step.held) for step in story.steps)
    lines = [
        "",
        f"{held} of {len(story.steps)} steps held, in {story.seconds():.0f} s; {figures.sent:,} requests, {figures.failed} failed.",
    ]
    lines += [f"Did not hold: {step.title}: {step.message}" for step in story.steps if step.held is False]
    return [*lines, "", *advice]
