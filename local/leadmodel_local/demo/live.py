"""The live screen: steps, the table of `get`, requests, drift bars, the newest events. Needs `rich`."""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live as Refreshed
from rich.table import Table
from rich.text import Text

from leadmodel_local.demo.figures import Figures
from leadmodel_local.demo.story import StepProgress, Story

LIMIT, FULL, BARS = 0.25, 1.0, 4  # of PSI: the limit, and what a whole bar shows at least; bars at most
REFRESH_S = 0.5
EVENTS_SHOWN = 3
WIDE = 90  # characters, from where columns stand as far apart as kubectl's
WAITS, RUNS, HELD, BROKEN = ("  ", "dim"), ("▸ ", "bold cyan"), ("✔ ", "green"), ("✘ ", "bold red")


class LiveScreen:
    """Draws the story four times per second; a thread of its own reads the figures."""

    def __init__(self, story: Story, console: Console | None = None) -> None:
        self.story, self.figures = story, Figures()
        self.console = console or Console(highlight=False)
        self._live = Refreshed(
            get_renderable=self.draw, console=self.console, refresh_per_second=4, vertical_overflow="crop"
        )
        self._stop = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        """Take the terminal and begin to read figures."""
        self._reader.start()
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the last picture on the terminal."""
        self._stop.set()
        self._reader.join()
        self._live.stop()

    def _read(self) -> None:
        while not self._stop.wait(REFRESH_S):
            with suppress(OSError, ValueError):
                self.figures = self.story.read_figures()

    def step_began(self, step: StepProgress) -> None:
        """Do nothing: the next drawing shows the step."""

    def step_ended(self, step: StepProgress) -> None:
        """Do nothing: the next drawing shows the step."""

    def event(self, text: str) -> None:
        """Do nothing: the next drawing shows the event."""

    # --- drawing -------------------------------------------------------------------------------------------------------

    def draw(self) -> RenderableType:
        """Draw the screen as of now; sentences are folded where the terminal has room for them, else cut."""
        folded = self._page(fold=True)
        fits = len(self.console.render_lines(folded, pad=False)) < self.console.height
        return folded if fits else self._page(fold=False)

    def _page(self, *, fold: bool) -> RenderableType:
        figures = self.figures
        space = 3 if self.console.width >= WIDE else 2
        parts = (*_table(figures, space), _requests(figures), *_bars(figures))
        return Group(self._head(), self._steps(fold=fold), Text(), *parts, Text(), *self._events())

    def _head(self) -> RenderableType:
        head = Table.grid(expand=True)
        head.add_column()
        head.add_column(justify="right")
        head.add_row(Text("LeadModel demo", "bold"), Text(f"{self.story.seconds():.0f} s", "dim"))
        return head

    def _steps(self, *, fold: bool) -> RenderableType:
        steps = Table.grid(padding=(0, 1, 0, 0), expand=True)
        steps.add_column(no_wrap=True)
        steps.add_column(no_wrap=not fold, overflow="ellipsis", ratio=1)
        for step in self.story.steps:
            mark, style = _mark(step)
            steps.add_row(
                Text(mark + step.title, style),
                Text(step.message or _dots(step), "" if step.held else "dim"),
            )
        return steps

    def _events(self) -> Iterator[RenderableType]:
        for at, text in self.story.events[-EVENTS_SHOWN:]:
            yield Text(f"{at:5.0f} s  {text}", "dim", no_wrap=True, overflow="ellipsis")


def _dots(step: StepProgress) -> str:
    """Draw one to three dots, more with time, while a step runs."""
    if step.began is None or step.held is not None:
        return ""
    return "." * (1 + int(time.monotonic() * 2) % 3)


def _mark(step: StepProgress) -> tuple[str, str]:
    match step.held:
        case True:
            return HELD
        case False:
            return BROKEN
        case None:
            return WAITS if step.began is None else RUNS


def _table(figures: Figures, space: int) -> Iterator[RenderableType]:
    if not figures.rows:
        return
    table = Table.grid(padding=(0, space, 0, 0))
    for row in figures.rows:
        style = "bold" if row is figures.rows[0] else ""
        table.add_row(*(Text(cell, style, no_wrap=True) for cell in row))
    yield table


def _requests(figures: Figures) -> RenderableType:
    if not figures.sent:
        return Text()
    failed = Text(f"{figures.failed} failed", "bold red" if figures.failed else "green")
    return Text.assemble(f"{figures.sent:,} requests, ", failed, f", {figures.rate:.0f} a second")


def _bars(figures: Figures) -> Iterator[RenderableType]:
    """Draw the features that drift most, by the reference of the champion and by that of the previous model."""
    if not figures.champion:
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_row(
        Text(f"PSI, limit {LIMIT}", "bold"),
        Text(f"champion, {figures.samples:,} leads"),
        Text("previous, the same leads" if figures.previous else ""),
    )
    worst = sorted(figures.champion, key=lambda name: figures.champion[name], reverse=True)[:BARS]
    values = [(figures.champion[name], figures.previous.get(name)) for name in worst]
    full = max(FULL, *(max(one, other or 0.0) for one, other in values))
    for name, (one, other) in zip(worst, values, strict=True):
        table.add_row(Text(name[:14], no_wrap=True), _bar(one, full), _bar(other, full))
    yield table


def _bar(value: float | None, full: float, width: int = 20) -> RenderableType:
    if value is None:
        return Text()
    filled = round(width * value / full)
    mark = round(width * LIMIT / full)
    cells = ["█" if i < filled else "┊" if i == mark else "·" for i in range(width)]
    style = "red" if value >= LIMIT else "green"
    return Text.assemble(("".join(cells[:filled]), style), ("".join(cells[filled:]), "dim"), f" {value:.2f}")
