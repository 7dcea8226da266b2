"""Draws the sequence of one follow-up: who tells whom what, from the lead to STOP. Each line names the file that does it."""

import sys
from dataclasses import dataclass
from xml.sax.saxutils import escape

from project.architecture import HEAD_MARKER, STYLE
from project.house import ROOT

TARGET = ROOT / "docs" / "pictures" / "follow-up.svg"
COLUMNS = {
    "caller": "your system",
    "intake": "intake",
    "ledger": "ledger in Redis",
    "worker": "bell and worker",
    "provider": "provider",
    "person": "the person",
}
MEANING = {
    "caller": "has score and consent",
    "intake": "plans the steps",
    "ledger": "the only truth",
    "worker": "sends once",
    "provider": "Twilio, SendGrid, …",
    "person": "may say STOP",
}
EDGE, APART, TOP, ROW, HALF = 100, 172, 78, 40, 70
FOLDER = "followup/leadmodel_followup/"
STYLE_MORE = """
.line { stroke: #9aa5b1; stroke-dasharray: 3 4; } .say { font-size: 12.5px; text-anchor: middle; }
.note { fill: #fff7e0; stroke: #d9b75c; } .head-name { font-size: 14px; font-weight: 600; text-anchor: middle; }
.head-meaning { font-size: 11.5px; fill: #52606d; text-anchor: middle; }"""


@dataclass(frozen=True)
class Line:
    """One line of the sequence: an arrow, or a note where source and target are one. `file` does what the text says."""

    source: str
    target: str
    text: str
    file: str


LINES = (
    Line("caller", "intake", "lead, score, consent", FOLDER + "http/intake_routes.py"),
    Line("intake", "intake", "band, hour, consent: or why not", FOLDER + "planning/plan.py"),
    Line("intake", "ledger", "steps that wait", FOLDER + "ledger/lua/create.lua"),
    Line("intake", "caller", "id and time of each step", FOLDER + "intake/intake.py"),
    Line("worker", "ledger", "what is due?", FOLDER + "ledger/lua/claim.lua"),
    Line("worker", "ledger", "begin an attempt", FOLDER + "ledger/lua/begin.lua"),
    Line("ledger", "ledger", "opt-out, consent, caps, rates", FOLDER + "ledger/lua/begin.lua"),
    Line("worker", "worker", "render the text now", FOLDER + "dispatch/composer.py"),
    Line("worker", "provider", "one request", FOLDER + "channels/http_channel.py"),
    Line("provider", "person", "the message", FOLDER + "channels/channel.py"),
    Line("worker", "ledger", "sent, or unknown", FOLDER + "ledger/lua/settle.lua"),
    Line("worker", "provider", "unknown: look it up", FOLDER + "dispatch/reconciler.py"),
    Line("person", "provider", "STOP", FOLDER + "webhooks/words.py"),
    Line("provider", "intake", "signed webhook", FOLDER + "webhooks/routes.py"),
    Line("intake", "ledger", "all channels stop", FOLDER + "ledger/lua/event.lua"),
)


def middle(name: str) -> int:
    """The middle of a column on the x axis."""
    return EDGE + APART * list(COLUMNS).index(name)


def column(name: str, height: float) -> str:
    """Draw the head of a column and the line below."""
    x = middle(name)
    return "\n".join(
        [
            f'<path class="line" d="M {x} 58 V {height - 14:g}"/>',
            f'<rect class="shared" x="{x - HALF}" y="14" width="{2 * HALF}" height="44" rx="6"/>',
            f'<text class="head-name" x="{x}" y="33">{escape(COLUMNS[name])}</text>',
            f'<text class="head-meaning" x="{x}" y="49">{escape(MEANING[name])}</text>',
        ]
    )


def shape(line: Line, y: float) -> str:
    """Draw one line at a height: an arrow below its text, or a box around it."""
    if line.source == line.target:
        x, half = middle(line.source), 4 + 3.4 * len(line.text)
        box = f'<rect class="note" x="{x - half:g}" y="{y - 17:g}" width="{2 * half:g}" height="24" rx="4"/>'
        return f'{box}\n<text class="say" x="{x}" y="{y:g}">{escape(line.text)}</text>'
    begin, end = middle(line.source), middle(line.target)
    step = 1 if end > begin else -1
    at = begin + step * APART / 2  # beside the sender, so that the text crosses no other column
    return (
        f'<path class="arrow" d="M {begin} {y + 6:g} H {end - step * 2}"/>\n'
        f'<text class="say" x="{at:g}" y="{y:g}">{escape(line.text)}</text>'
    )


def draw() -> str:
    """Draw the picture."""
    width, height = 2 * EDGE + APART * (len(COLUMNS) - 1), TOP + ROW * len(LINES) + 10
    shapes = [shape(line, TOP + 16 + ROW * i) for i, line in enumerate(LINES)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
            "<title>The sequence of one follow-up, from the lead to STOP</title>",
            f"<style>\n{STYLE}{STYLE_MORE}\n</style>",
            HEAD_MARKER,
            f'<rect class="page" width="{width}" height="{height}"/>',
            *(column(name, height) for name in COLUMNS),
            *shapes,
            "</svg>\n",
        ]
    )


def main() -> int:
    """Write the picture."""
    TARGET.write_text(draw())
    print(f"drawn: {TARGET.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
