"""Tables into docs/decisions.md: each stands between two comments that name it, prose around them is written by people."""

import re
from collections.abc import Mapping
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "decisions.md"
_PLACE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def places(text: str) -> list[str]:
    """The names of the tables of a page."""
    return [found.group(2) for found in _PLACE.finditer(text)]


def fill(text: str, tables: Mapping[str, str]) -> str:
    """The page with these tables in their places; others stay. Raises ValueError for a table without a place."""
    homeless = sorted(set(tables) - set(places(text)))
    if homeless:
        raise ValueError(f"the page has no place for {', '.join(homeless)}")

    def put(found: re.Match[str]) -> str:
        table = tables.get(found.group(2))
        return found.group(0) if table is None else f"{found.group(1)}\n{table}\n\n{found.group(3)}"

    return _PLACE.sub(put, text)
