"""Columns of leads as people's files hold them: marks in numbers, words for missing, booleans, codes, texts."""

import random
from collections.abc import Callable
from typing import Any

Cell = Callable[[int], Any]  # from the number of a row to the value of a field
GAPS = (
    "",
    " ",
    "NA",
    "n/a",
    "None",
    "null",
    "NULL",
    "N/A",
    "nan",
    "NaN",
    "-",
    "?",
    "unknown",
    "#N/A",
    "n.a.",
)


def _number(chance: random.Random) -> float:
    """A number of leads: most of a few digits, some negative, some large or small."""
    return round(chance.gauss(40, 30) * chance.choice([1, 1, 1, 1000]), chance.choice([0, 1, 2]))


def csv_cells(chance: random.Random) -> list[Cell]:
    """Kinds of columns in a CSV."""
    rare = chance.choice([0.002, 0.008, 0.05])
    few = [str(chance.randrange(5)) for _ in range(3)]

    def sometimes(odd: Callable[[], str], usual: Callable[[], str]) -> Cell:
        return lambda _: odd() if chance.random() < rare else usual()

    def comma(places: int = 2) -> str:
        return f"{_number(chance):,.{places}f}".translate(str.maketrans(",.", ".,"))

    return [
        lambda _: f"{_number(chance):g}",
        lambda _: f" {_number(chance)} ",
        lambda _: chance.choice(["+5", ".5", "5.", "1e3", "-0", "007"]),
        lambda _: f"{_number(chance):,.2f}",
        lambda _: comma(),
        lambda _: f"{_number(chance):.2f}".replace(".", ","),
        lambda _: f"$ {int(abs(_number(chance))):,}",
        lambda _: f"{int(_number(chance))} %",
        lambda _: f"{abs(_number(chance)) * 1000:,.1f}".replace(",", chance.choice([" ", "\u00a0", "'"])),
        lambda _: f"{int(abs(_number(chance)) * 40):,}",
        sometimes(lambda: f"{int(abs(_number(chance)) * 9):,}", lambda: f"{_number(chance):g}"),
        sometimes(comma, lambda: f"{int(_number(chance))}"),
        sometimes(lambda: chance.choice(["abc", "true", "1_000", "٣"]), lambda: f"{_number(chance):g}"),
        sometimes(lambda: chance.choice(["inf", "nan", "1e400", "-Infinity"]), lambda: f"{_number(chance):g}"),
        lambda row: str(1000 + row),
        lambda row: str(2**60 + row % 7),
        lambda _: chance.choice(["DE", "NA", "FR", "null"]),
        lambda _: chance.choice(["ads", "web", "None", "unknown", "Ads", " ads"]),
        lambda _: chance.choice(["true", "false"]),
        lambda _: chance.choice(["True", "False", "TRUE"]),
        lambda _: chance.choice(["yes", "no", "-"]),
        lambda _: chance.choice(["18_24", "25_34", "35_44"]),
        lambda _: chance.choice(["01", "1", "1.0", "2"]),
        lambda _: chance.choice([*few, "a"]),
        lambda _: chance.choice(['say "hi"', "two\nlines", "a,b;c", "ü\u2028x", "tab\there"]),
        lambda row: f"id-{row}",
    ]  # fmt: skip


def json_cells(chance: random.Random) -> list[Cell]:
    """Kinds of columns in JSON lines."""
    rare = chance.choice([0.002, 0.008, 0.05])
    return [
        lambda _: _number(chance),
        lambda _: int(_number(chance)),
        lambda _: f"{_number(chance):g}",
        lambda _: f"{_number(chance):,.2f}",
        lambda _: chance.choice([_number(chance), f"{_number(chance):g}"]),
        lambda _: chance.choice([True, "abc", "1,5"]) if chance.random() < rare else _number(chance),
        lambda _: chance.choice([float("inf"), 1.5, _number(chance), float("nan")]),
        lambda _: 2**60 + chance.randrange(9),
        lambda _: chance.choice([2**60, 5, 7.5]),
        lambda row: 1000 + row,
        lambda _: chance.random() < 0.5,
        lambda _: chance.choice([True, "maybe", False]),
        lambda _: chance.choice([True, "True", "true", False, "FALSE"]),
        lambda _: chance.choice([1, "a", 2.0, "b", "1.0", 1e22, 0.1]),
        lambda _: chance.choice([True, 1, "a", False, 0]),
        lambda _: chance.choice([True, False, 0, 1]),
        lambda _: chance.choice(["DE", "NA", "FR", "null", "None"]),
        lambda _: chance.choice(["ads", "web", "unknown", " ads", "ü\u2028x\u0085"]),
        lambda _: chance.choice(["01", 1, 1.0, "2"]),
        lambda row: f"id-{row}",
    ]


def text_cells(chance: random.Random, *, json_lines: bool) -> Cell:
    """A column of texts of one and more lines; in JSON some are numbers or booleans."""
    longest, empty = chance.choice([5, 60]), chance.choice([0, 0.2])
    odd = [7, 2.5, True] if json_lines and chance.random() < 0.2 else ["NA", "12", "null"]

    def cell(_: int) -> Any:
        at = chance.random()
        if at < empty:
            return ""
        return (
            chance.choice(odd)
            if at < empty + 0.05
            else "y\n"[: 1 + (at > 0.8)] * chance.randrange(longest) + "z"
        )

    return cell


def with_gaps(chance: random.Random, cell: Cell, *, json_lines: bool) -> Cell:
    """The column with words for missing and empty fields in some rows."""
    gaps, empty = chance.choice([0, 0, 0.006, 0.2, 0.6]), chance.choice([0, 0, 0.1])
    words = chance.sample(GAPS, chance.choice([1, 1, 4]))

    def value(row: int) -> Any:
        at = chance.random()
        if at < gaps:
            return chance.choice(words)
        return (None if json_lines and at % 0.01 < 0.005 else "") if at < gaps + empty else cell(row)

    return value
