"""Draws docs/pictures/architecture.svg: the parts, their rooms and who uses whom. `make architecture` runs this program.

Layers come from the `layers` contracts in pyproject.toml, arrows from the import statements. A line of meaning for each part and room
stands in MEANING; a room without such a line fails a test.
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import combinations

from project.house import ROOT, House

TARGET = ROOT / "docs" / "pictures" / "architecture.svg"
MEANING = {
    "leadmodel_operator": "decides and acts on a cluster",
    "leadmodel_operator.__main__": "arguments, signals, exit code",
    "leadmodel_operator.kubernetes": "the Port on a cluster",
    "leadmodel_operator.kubernetes.process": "work queue, health, logs",
    "leadmodel_operator.kubernetes.port": "the seven calls of the Port",
    "leadmodel_operator.kubernetes.applier": "carries out decisions",
    "leadmodel_operator.kubernetes.write": "objects, records, Jobs",
    "leadmodel_operator.kubernetes.observe": "objects, windows → Observed",
    "leadmodel_operator.kubernetes.render": "decisions → objects; pure",
    "leadmodel_operator.kubernetes.apiserver": "client, watches, Lease",
    "leadmodel_operator.reconcile": "one pass: observe, plan, record, apply",
    "leadmodel_operator.planning": "every decision: plan(Observed) → Plan; pure",
    "leadmodel_operator.resource": "spec, status and CRD of a LeadModel; pure",
    "leadmodel_cli": "what people look at",
    "leadmodel_cli.kubectl": "kubectl leadmodel",
    "leadmodel_cli.dashboard": "a page in a browser",
    "leadmodel_cli.views": "table, tree, prose",
    "leadmodel_followup": "writes to leads",
    "leadmodel_followup.__main__": "arguments, exit code",
    "leadmodel_followup.commands": "run, preview, lint, stop …",
    "leadmodel_followup.worker": "bell, RQ workers, processes",
    "leadmodel_followup.http": "intake, report, metrics",
    "leadmodel_followup.intake": "leads, consents, erasure",
    "leadmodel_followup.metrics": "counters of a pod",
    "leadmodel_followup.contacts": "names and addresses",
    "leadmodel_followup.templates": "texts, checked, rendered",
    "leadmodel_followup.settings": "reads followups.json",
    "leadmodel_followup.webhooks": "verifies, applies events",
    "leadmodel_followup.dispatch": "records, sends, looks up",
    "leadmodel_followup.channels": "",
    "leadmodel_followup.ledger": "",
    "leadmodel_followup.planning": "who gets what when",
    "leadmodel_local": "the Port on one machine",
    "leadmodel_local.cli": "commands and output",
    "leadmodel_local.options": "arguments and help",
    "leadmodel_local.dashboard": "",
    "leadmodel_local.demo": "",
    "leadmodel_local.replay": "",
    "leadmodel_local.starts": "starts what is due",
    "leadmodel_local.runtime": "watches for changes",
    "leadmodel_local.port": "the calls of the Port",
    "leadmodel_local.followups": "sender, Valkey, keys",
    "leadmodel_local.serving": "rollouts, snapshots",
    "leadmodel_local.work": "Jobs as child processes",
    "leadmodel_local.state": "files, child processes",
    "leadmodel_local.rows": "reads leads",
    "leadmodel_predictor": "scores leads",
    "leadmodel_predictor.__main__": "arguments, exit code",
    "leadmodel_predictor.jobs": "validate, poll, rehearse",
    "leadmodel_predictor.http": "limits, endpoints",
    "leadmodel_predictor.serving": "models in slots, windows",
    "leadmodel_training": "trains and exports a model and its holdout",
    "leadmodel_training.text": "learns, checks, uses text models",
    "leadmodel_privacy": "finds personal data",
    "leadmodel_privacy.backfill": "redacts a Redis",
    "leadmodel_messages": "what programs say to each other: answers, error words, exit codes, command lines",
    "leadmodel_artifact": "the file of a model: reading, writing, scoring",
    "leadmodel_statistics": "AUC and its error, PSI, calibration",
    "leadmodel_text": "what a text says: intent, sentiment, urgency, language",
    "leadmodel_store": "bytes by URI: s3, gs, az, http, pvc, file",
}
SHARED = "contract"  # the folder of the parts that all programs share
WIDTH, MARGIN, GAP = 1612, 20, 16
WIDTHS = {"leadmodel_operator": 420}  # the widths of other programs are equal
HEAD, ROOM, BAR, BAR_STEP = 46, 40, 40, 58
COLUMNS = 2  # of rooms inside a room
LEGEND = (
    "Arrows are imports. In operator, followup, local and predictor a room may use the rooms below, never one above. "
    "Green rooms are pure: no clock, no network, no log."
)
STYLE = """\
text { font-family: system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2933; }
.name { font-size: 14px; font-weight: 600; } .title { font-size: 16px; font-weight: 700; } .meaning { font-size: 11.5px; fill: #52606d; }
.page { fill: #ffffff; } .part { fill: #f5f7fa; stroke: #9aa5b1; } .room { fill: #ffffff; stroke: #cbd2d9; }
.pure { fill: #e3f4ea; stroke: #6fbf8b; } .shared { fill: #e6f0fb; stroke: #7ba7d7; } .inner { fill: #f5f7fa; stroke: #cbd2d9; }
.arrow { stroke: #627d98; stroke-width: 1.4; fill: none; marker-end: url(#head); } .head { fill: #627d98; }"""


HEAD_MARKER = (
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path class="head" d="M 0 0 L 8 4 L 0 8 z"/></marker></defs>'
)


@dataclass(frozen=True)
class Box:
    """A rectangle with a name and a line of meaning."""

    x: float
    y: float
    width: float
    height: float
    name: str
    kind: str

    def draw(self, *, title: bool = False) -> str:
        """Return the box as SVG."""
        meaning = MEANING.get(self.name, "")
        label = self.name.rpartition(".")[2] if "." in self.name else self.name.removeprefix("leadmodel_")
        lines = [
            f'<rect class="{self.kind}" x="{self.x:g}" y="{self.y:g}" width="{self.width:g}" height="{self.height:g}" rx="6"/>',
            f'<text class="{"title" if title else "name"}" x="{self.x + 10:g}" y="{self.y + 18:g}">{escape(label)}</text>',
        ]
        room = int((self.width - 20) / 5.6)
        lines += [
            f'<text class="meaning" x="{self.x + 10:g}" y="{self.y + 32 + 13 * i:g}">{escape(line)}</text>'
            for i, line in enumerate(wrap(meaning, room))
        ]
        return "\n".join(lines)


@dataclass
class Picture:
    """Shapes in the order in which they are painted: arrows down go behind boxes, arrows across go over boxes."""

    down: list[str] = field(default_factory=list)
    boxes: list[str] = field(default_factory=list)
    across: list[str] = field(default_factory=list)
    height: float = 0

    def arrow_down(self, x: float, begin: float, end: float) -> None:
        """Add an arrow that passes behind boxes."""
        self.down.append(f'<path class="arrow" d="M {x:g} {begin:g} V {end:g}"/>')

    def arrow_across(self, begin: float, end: float, y: float) -> None:
        """Add an arrow from one part into another."""
        self.across.append(f'<path class="arrow" d="M {begin:g} {y:g} H {end:g}"/>')

    def box(self, box: Box, *, title: bool = False) -> None:
        """Add a box."""
        self.boxes.append(box.draw(title=title))

    def svg(self) -> str:
        """Return the picture as an SVG document."""
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height:g}" role="img">',
                "<title>The parts of LeadModel, their rooms and who uses whom</title>",
                f"<style>\n{STYLE}\n</style>",
                HEAD_MARKER,
                f'<rect class="page" width="{WIDTH}" height="{self.height:g}"/>',
                *self.down,
                *self.boxes,
                *self.across,
                f'<text class="meaning" x="{MARGIN}" y="{self.height - 12:g}">{escape(LEGEND)}</text>',
                "</svg>\n",
            ]
        )


def wrap(text: str, width: int) -> list[str]:
    """Break a text into lines of at most `width` characters."""
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def levels(names: Iterable[str], arrows: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Sort names into levels, the users of others first: whatever nobody left uses comes next. Raises ValueError for a circle."""
    left, uses, rows = set(names), set(arrows), []
    while left:
        row = sorted(left - {target for source, target in uses if source in left})
        if not row:
            raise ValueError(f"a circle among {sorted(left)}")
        rows.append(row)
        left -= set(row)
    return rows


def is_pure(house: House, name: str) -> bool:
    """Whether a contract holds this room pure."""
    contracts = house.project["tool"]["importlinter"]["contracts"]
    return any(contract["id"] == "pure" and name in contract["source_modules"] for contract in contracts)


def rooms_of(house: House, part: str) -> list[list[str]]:
    """Return the rooms of a part in rows, highest first: the layers of a contract, else the folders of the part."""
    for layers in house.layers():
        if layers[0].startswith(f"{part}."):
            return [layer.split(" | ") for layer in layers]
    folders = [f"{part}.{room}" for room in house.rooms(part)]
    return [
        [name] for name in folders if name in house.modules and house.modules[name].path.name == "__init__.py"
    ]


def inner_rows(house: House, room: str) -> list[list[str]]:
    """Return the rooms inside of a room in rows, if at least half of them are folders."""
    arrows = {(f"{room}.{source}", f"{room}.{target}") for source, target in house.arrows(room)}
    names = {f"{room}.{name}" for name in house.rooms(room)}
    folders = [name for name in names if house.modules[name].path.name == "__init__.py"]
    if not folders or 2 * len(folders) < len(names):
        return []
    ordered = [name for row in levels(names, arrows) for name in row]
    return [ordered[i : i + COLUMNS] for i in range(0, len(ordered), COLUMNS)]


def room_height(house: House, room: str) -> float:
    """Height of a room with all that is inside."""
    inner = inner_rows(house, room)
    return HEAD + len(inner) * (ROOM + 6) + 2 if inner else ROOM


def part_height(house: House, part: str) -> float:
    """Height of a part with its rooms."""
    return HEAD + sum(room_height(house, row[0]) + 8 for row in rooms_of(house, part)) + 4


def draw_row(picture: Picture, names: Sequence[str], x: float, y: float, width: float, house: House) -> None:
    """Draw rooms side by side."""
    each = (width - 8 * (len(names) - 1)) / len(names)
    for i, name in enumerate(names):
        kind = "pure" if is_pure(house, name) else "room"
        picture.box(Box(x + i * (each + 8), y, each, ROOM, name, kind))


def draw_part(
    picture: Picture, house: House, part: str, x: float, width: float, height: float
) -> dict[str, float]:
    """Draw a part with its rooms from top to bottom. Returns the middle of each room on the y axis."""
    picture.box(Box(x, MARGIN, width, height, part, "part"), title=True)
    y, middles = MARGIN + HEAD, {}
    for row in rooms_of(house, part):
        room, inner, tall = row[0], inner_rows(house, row[0]), room_height(house, row[0])
        if inner:
            picture.box(Box(x + 10, y, width - 20, tall, room, "inner"))
            for i, names in enumerate(inner):
                draw_row(picture, names, x + 20, y + HEAD - 4 + i * (ROOM + 6), width - 40, house)
        else:
            draw_row(picture, row, x + 10, y, width - 20, house)
        middles[room] = y + tall / 2
        y += tall + 8
    return middles


def draw_shared(picture: Picture, house: House, shared: Sequence[str], top: float) -> dict[str, float]:
    """Draw what all programs share as bars over the whole width. Returns the top of each bar."""
    tops = {name: top + i * BAR_STEP for i, name in enumerate(shared)}
    for name, y in tops.items():
        picture.box(Box(MARGIN, y, WIDTH - 2 * MARGIN, BAR, name, "shared"))
    return tops


def draw() -> str:
    """Draw the picture of this checkout."""
    house, picture = House(ROOT), Picture()
    arrows = house.arrows_between_parts()
    shared = [part for row in levels(shared_parts(house), arrows) for part in row]
    programs = sorted(set(house.parts) - set(shared), key=lambda part: (part not in WIDTHS, part))
    height = max(part_height(house, part) for part in programs)
    rest = WIDTH - 2 * MARGIN - sum(WIDTHS.values()) - GAP * (len(programs) - 1)
    x, lefts, middles = float(MARGIN), {}, {}
    for part in programs:
        width = WIDTHS.get(part, rest / (len(programs) - len(WIDTHS)))
        lefts[part] = (x, width)
        middles |= draw_part(picture, house, part, x, width, height)
        x += width + GAP
    tops = draw_shared(picture, house, shared, MARGIN + height + 44)
    for part in programs:
        used = [name for name in shared if (part, name) in arrows]
        left, width = lefts[part]
        for i, name in enumerate(used):
            at = left + width * (i + 1) / (len(used) + 1)
            picture.arrow_down(at, MARGIN + height, tops[name])
    draw_between(picture, house, lefts, middles)
    gaps = [left - GAP / 2 for left, _ in list(lefts.values())[1:]]
    draw_between_bars(picture, arrows, tops, gaps)
    picture.height = max(tops.values()) + BAR + MARGIN + 22
    return picture.svg()


def shared_parts(house: House) -> list[str]:
    """Return the parts that lie in the folder of what all programs share."""
    return [part for part in house.parts if house.folder(part).parent.name == SHARED]


def draw_between(
    picture: Picture, house: House, lefts: dict[str, tuple[float, float]], middles: dict[str, float]
) -> None:
    """Draw arrows from a program into the rooms of one to its left; what lies between is passed behind."""
    for target_part, source_part in combinations(lefts, 2):
        used = {
            target
            for source, target in house.imports
            if source.startswith(f"{source_part}.") and target.startswith(f"{target_part}.")
        }
        for room, y in middles.items():
            if any(f"{name}.".startswith(f"{room}.") for name in used):
                left, width = lefts[target_part]
                begin, end = lefts[source_part][0], left + width - 10
                if begin - left - width > GAP:
                    picture.down.append(f'<path class="arrow" d="M {begin:g} {y + 8:g} H {left + width:g}"/>')
                else:
                    picture.arrow_across(begin, end, y)


def draw_between_bars(
    picture: Picture, arrows: set[tuple[str, str]], tops: dict[str, float], gaps: Sequence[float]
) -> None:
    """Draw arrows between shared parts below the gaps between programs, where no other arrow passes."""
    pairs = sorted(
        (tops[source], tops[target]) for source, target in arrows if source in tops and target in tops
    )
    for i, (source, target) in enumerate(pairs):
        picture.arrow_down(gaps[i % len(gaps)] + 5 * (i // len(gaps)), source + BAR, target)


def main() -> int:
    """Write the picture."""
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(draw())
    print(f"drawn: {TARGET.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
