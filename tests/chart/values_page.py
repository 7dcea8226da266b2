"""Makes charts/leadmodel/README.md from the comments of values.yaml. `make values` runs this program.

A value is a key of values.yaml with a comment that starts with `# --` right above; following comment lines go on. Keys without
one are sections. Comments without `--` are for readers of values.yaml only.
"""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CHART = Path(__file__).parents[2] / "charts" / "leadmodel"
README = CHART / "README.md"
_KEY = re.compile(r"^( *)([A-Za-z][A-Za-z0-9]*):")
HEAD = """# Chart leadmodel

The LeadModel operator, its custom resource, and what a platform team wants beside it. `make values` makes this page from `values.yaml`.

```text
helm install leadmodel charts/leadmodel --namespace leadmodel-system --create-namespace
helm test leadmodel --namespace leadmodel-system
```

`values.schema.json` refuses a misspelt or mistyped value before anything changes. Value sets to start from lie in `ci/`: as it comes,
production, air-gapped, namespaced, and the names of chart 0.1. [Install](../../docs/install.md) has upgrades and uninstalling.

| value | default | meaning |
|---|---|---|
"""


@dataclass(frozen=True)
class Value:
    """One documented value: dotted path, default and meaning."""

    path: str
    default: Any
    meaning: str


def documented(text: str) -> Iterator[Value]:
    """Yield the documented values of a values.yaml, in their order."""
    whole = yaml.safe_load(text)
    parents: list[tuple[int, str]] = []
    comment: list[str] = []
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("#"):
            if stripped.startswith("# --"):
                comment = [stripped.removeprefix("# --").strip()]
            elif comment:
                comment.append(stripped.removeprefix("#").strip())
            continue
        key = _KEY.match(line)
        if key:
            indent = len(key[1])
            parents = [*((i, name) for i, name in parents if i < indent), (indent, key[2])]
            if comment:
                yield Value(".".join(name for _, name in parents), at(whole, parents), " ".join(comment))
        comment = []


def at(whole: Any, parents: list[tuple[int, str]]) -> Any:
    """Return the default under a path."""
    for _, name in parents:
        whole = whole[name]
    return whole


def page(text: str) -> str:
    """Return the README for a values.yaml."""
    rows = (f"| `{v.path}` | {default(v.default)} | {escaped(v.meaning)} |" for v in documented(text))
    return HEAD + "\n".join(rows) + "\n"


def default(value: Any) -> str:
    """Return a default as a cell; long ones are only named."""
    if value in ("", None):
        return "none"
    shown = json.dumps(value)
    return f"`{escaped(shown)}`" if len(shown) <= 90 else "see `values.yaml`"


def escaped(text: str) -> str:
    """Return a text that ends no cell."""
    return text.replace("|", "\\|")


if __name__ == "__main__":
    README.write_text(page((CHART / "values.yaml").read_text()))
    sys.exit(0)
