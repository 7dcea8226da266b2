"""What a person sees of the demo: a live screen on a terminal, plain lines in a pipe. Both show the same story."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from leadmodel_local.demo.watch import Seen

NEWS = 3  # events on the live screen


@dataclass
class Step:
    """One step as it stands. `held`: None while it waits or runs."""

    title: str
    began: float | None = None
    took: float | None = None
    held: bool | None = None
    said: str = ""


@dataclass
class Story:
    """All that is shown. `look` asks the predictors and the state folder for figures."""

    steps: tuple[Step, ...]
    where: str
    look: Callable[[], Seen] = Seen
    news: list[tuple[float, str]] = field(default_factory=list)
    begin: float = field(default_factory=time.monotonic)

    def at(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.begin

    @property
    def good(self) -> bool:
        """Whether every step held."""
        return all(step.held for step in self.steps)


class Screen(Protocol):
    """Shows a story while it happens."""

    def __enter__(self) -> Any:
        """Begin."""

    def __exit__(self, *_: object) -> None:
        """End; what was shown stays."""

    def began(self, step: Step) -> None:
        """A step begins."""

    def ended(self, step: Step) -> None:
        """A step held, or did not."""

    def note(self, text: str) -> None:
        """Something happened."""


@dataclass
class Plain:
    """Lines, for a pipe or a log. Nothing is coloured, nothing moves."""

    story: Story
    say: Callable[[str], None] = lambda line: print(line, flush=True)  # noqa: T201  # this is the program's output

    def __enter__(self) -> Self:
        """Say what will be seen."""
        self.say(f"LeadModel demo: {len(self.story.steps)} steps; everything lies in {self.story.where}")
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left to do."""

    def began(self, step: Step) -> None:
        """Its number and title."""
        number = self.story.steps.index(step) + 1
        self._line(f"{number}/{len(self.story.steps)} {step.title}")

    def ended(self, step: Step) -> None:
        """What it saw."""
        self._line(f"  {'ok' if step.held else 'NOT'}: {step.said}")

    def note(self, text: str) -> None:
        """As it happens."""
        self._line(f"    {text}")

    def _line(self, text: str) -> None:
        self.say(f"{self.story.at():5.1f}s  {text}")


def chosen(story: Story) -> Screen:
    """The live screen where there is a terminal and `rich`, else plain lines."""
    if not sys.stdout.isatty() or os.environ.get("TERM", "dumb") in {"", "dumb", "unknown"}:
        return Plain(story)
    try:
        from leadmodel_local.demo.live import Live
    except ImportError:
        return Plain(story)
    return Live(story)


def summary(story: Story, seen: Seen, advice: Sequence[str]) -> list[str]:
    """The last lines: what held, what was counted, what to look at next."""
    held = sum(bool(step.held) for step in story.steps)
    lines = [
        "",
        f"{held} of {len(story.steps)} steps held, in {story.at():.0f} s; {seen.sent:,} requests, {seen.failed} failed.",
    ]
    lines += [f"Did not hold: {step.title}: {step.said}" for step in story.steps if step.held is False]
    return [*lines, "", *advice]
