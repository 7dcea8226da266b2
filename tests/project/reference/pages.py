"""The generated pages of docs/reference: `make docs` writes them, tests/project/test_reference.py holds them fresh."""

import sys
from collections.abc import Callable

from project.house import ROOT
from project.reference import endpoints, fields, programs, words

FOLDER = ROOT / "docs" / "reference"
PAGES: dict[str, Callable[[], str]] = {
    "leadmodel.md": fields.render,
    "http.md": endpoints.render,
    "exit-codes.md": programs.exit_codes,
    "annotations.md": words.render,
    "command-lines.md": programs.command_lines,
}


def main() -> int:
    """Write every page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, render in PAGES.items():
        (FOLDER / name).write_text(render())
        print(f"written: docs/reference/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
