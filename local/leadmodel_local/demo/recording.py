"""The demo as a moving picture: one SVG that shows each moment of the live screen in turn, without fonts, scripts or links."""

import io
from pathlib import Path
from typing import Self

from rich.console import Console
from rich.terminal_theme import TerminalTheme

from leadmodel_local.demo.live import LiveScreen
from leadmodel_local.demo.screen import Screen
from leadmodel_local.demo.story import StepProgress, Story

WIDTH, HEIGHT = 100, 32  # of the terminal, in characters
MOMENT_S, LAST_S = 3.0, 9.0
THEME = TerminalTheme(
    (13, 17, 23),
    (201, 209, 217),
    [
        (72, 79, 88),
        (255, 123, 114),
        (63, 185, 80),
        (210, 153, 34),
        (88, 166, 255),
        (188, 140, 255),
        (57, 197, 207),
        (177, 186, 196),
    ],
    [
        (110, 118, 129),
        (255, 161, 152),
        (86, 211, 100),
        (227, 179, 65),
        (121, 192, 255),
        (210, 168, 255),
        (86, 212, 221),
        (240, 246, 252),
    ],
)
_PAGE = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
 font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


class Recording:
    """Passes every call on to the screen that the person sees, and keeps a picture of each moment."""

    def __init__(self, screen: Screen, story: Story) -> None:
        self.screen = screen
        self.moments: list[str] = []
        page = Console(
            record=True,
            width=WIDTH,
            height=HEIGHT,
            file=io.StringIO(),
            force_terminal=True,
            color_system="truecolor",
            highlight=False,
        )
        self.live = LiveScreen(story, page)  # never started: used for drawing only

    def __enter__(self) -> Self:
        """Begin as the screen begins."""
        self.screen.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        """End as the screen ends."""
        self.screen.__exit__()

    def step_began(self, step: StepProgress) -> None:
        """Pass the step on to the screen."""
        self.screen.step_began(step)

    def step_ended(self, step: StepProgress) -> None:
        """Pass the step on and keep the moment."""
        self.screen.step_ended(step)
        self.take()

    def event(self, text: str) -> None:
        """Pass the event on; keep the moment of a decision."""
        self.screen.event(text)
        if text.startswith(("Promoted", "Drift", "RolledBack")):
            self.take()

    def take(self) -> None:
        """Keep a picture of what the live screen shows now."""
        self.live.figures = self.live.story.read_figures()
        page = self.live.console
        drawn = self.live.draw()
        missing = HEIGHT - len(page.render_lines(drawn, pad=False))
        page.print(drawn)
        page.print("\n" * max(0, missing), end="")
        mark = f"m{len(self.moments)}"
        self.moments.append(
            page.export_svg(title="make demo", theme=THEME, code_format=_PAGE, unique_id=mark)
        )

    def write(self, path: Path) -> None:
        """Write all moments in an endless loop; a viewer without animation shows the last one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(animated(self.moments), encoding="utf-8")


def animated(pages: list[str]) -> str:
    """Join pages to one SVG that shows each page for its time."""
    head = pages[0][: pages[0].index("\n") + 1]
    total = MOMENT_S * (len(pages) - 1) + LAST_S
    parts, rules = [], []
    for i, page in enumerate(pages):
        begin, end = 100 * MOMENT_S * i / total, 100 * MOMENT_S * (i + 1) / total
        hidden = "0% {visibility: hidden} " if i else ""
        after = f"{end:.2f}% {{visibility: hidden}} " if i + 1 < len(pages) else ""
        rules.append(f"@keyframes k{i} {{{hidden}{begin:.2f}% {{visibility: visible}} {after}}}")
        rules.append(f"#k{i} {{animation: k{i} {total:g}s step-end infinite}}")
        inner = page[page.index("\n") + 1 : page.rindex("</svg>")]
        parts.append(f'<g id="k{i}">\n{inner}</g>\n')
    still = "@media (prefers-reduced-motion: reduce) {g {animation: none !important}}"
    return f"{head}<style>\n" + "\n".join([*rules, still]) + "\n</style>\n" + "".join(parts) + "</svg>\n"
