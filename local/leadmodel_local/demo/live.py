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

from leadmodel_local.demo.screen import NEWS, Step, Story
from leadmodel_local.demo.watch import Seen

LIMIT, FULL, BARS = 0.25, 1.0, 4  # of PSI: the limit, and what a whole bar shows at least; bars at most
LOOK_S = 0.5
WIDE = 90  # characters, from where columns stand as far apart as kubectl's
WAITS, RUNS, HELD, BROKEN = ("  ", "dim"), ("▸ ", "bold cyan"), ("✔ ", "green"), ("✘ ", "bold red")


class Live:
    """Draws the story four times a second; asks for figures in a thread of its own."""

    def __init__(self, story: Story, console: Console | None = None) -> None:
        self.story, self.seen = story, Seen()
        self.console = console or Console(highlight=False)
        self._live = Refreshed(
            get_renderable=self.draw, console=self.console, refresh_per_second=4, vertical_overflow="crop"
        )
        self._stop = threading.Event()
        self._looker = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        """Take the terminal."""
        self._looker.start()
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the last picture on it."""
        self._stop.set()
        self._looker.join()
        self._live.stop()

    def _look(self) -> None:
        while not self._stop.wait(LOOK_S):
            with suppress(OSError, ValueError):
                self.seen = self.story.look()

    def began(self, step: Step) -> None:
        """The next drawing shows it."""

    def ended(self, step: Step) -> None:
        """The next drawing shows it."""

    def note(self, text: str) -> None:
        """The next drawing shows it."""

    # --- drawing -------------------------------------------------------------------------------------------------------

    def draw(self) -> RenderableType:
        """The screen as of now; sentences are folded where the terminal has room for them, else cut."""
        folded = self._drawn(fold=True)
        fits = len(self.console.render_lines(folded, pad=False)) < self.console.height
        return folded if fits else self._drawn(fold=False)

    def _drawn(self, *, fold: bool) -> RenderableType:
        seen = self.seen
        space = 3 if self.console.width >= WIDE else 2
        figures = (*_table(seen, space), _requests(seen), *_bars(seen))
        return Group(self._head(), self._steps(fold=fold), Text(), *figures, Text(), *self._news())

    def _head(self) -> RenderableType:
        head = Table.grid(expand=True)
        head.add_column()
        head.add_column(justify="right")
        head.add_row(Text("LeadModel demo", "bold"), Text(f"{self.story.at():.0f} s", "dim"))
        return head

    def _steps(self, *, fold: bool) -> RenderableType:
        steps = Table.grid(padding=(0, 1, 0, 0), expand=True)
        steps.add_column(no_wrap=True)
        steps.add_column(no_wrap=not fold, overflow="ellipsis", ratio=1)
        for step in self.story.steps:
            mark, style = _mark(step)
            steps.add_row(
                Text(mark + step.title, style),
                Text(step.said or self._running(step), "" if step.held else "dim"),
            )
        return steps

    def _running(self, step: Step) -> str:
        if step.began is None or step.held is not None:
            return ""
        return "." * (1 + int(time.monotonic() * 2) % 3)

    def _news(self) -> Iterator[RenderableType]:
        for at, text in self.story.news[-NEWS:]:
            yield Text(f"{at:5.0f} s  {text}", "dim", no_wrap=True, overflow="ellipsis")


def _mark(step: Step) -> tuple[str, str]:
    match step.held:
        case True:
            return HELD
        case False:
            return BROKEN
        case None:
            return WAITS if step.began is None else RUNS


def _table(seen: Seen, space: int) -> Iterator[RenderableType]:
    if not seen.rows:
        return
    table = Table.grid(padding=(0, space, 0, 0))
    for row in seen.rows:
        style = "bold" if row is seen.rows[0] else ""
        table.add_row(*(Text(cell, style, no_wrap=True) for cell in row))
    yield table


def _requests(seen: Seen) -> RenderableType:
    if not seen.sent:
        return Text()
    failed = Text(f"{seen.failed} failed", "bold red" if seen.failed else "green")
    return Text.assemble(f"{seen.sent:,} requests, ", failed, f", {seen.rate:.0f} a second")


def _bars(seen: Seen) -> Iterator[RenderableType]:
    """The features that drift most: in the champion's eyes and in those of the model it could go back to."""
    if not seen.champion:
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_row(
        Text(f"PSI, limit {LIMIT}", "bold"),
        Text(f"champion, {seen.samples:,} leads"),
        Text("previous, the same leads" if seen.previous else ""),
    )
    worst = sorted(seen.champion, key=lambda name: seen.champion[name], reverse=True)[:BARS]
    values = [(seen.champion[name], seen.previous.get(name)) for name in worst]
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
