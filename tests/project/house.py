"""Measure the house: how the parts and rooms of a checkout hang together, and how long and how plain its code is.

    .venv/bin/python tests/project/house.py              this checkout
    .venv/bin/python tests/project/house.py 8fb5711      that revision beside this checkout

A *part* is a Python package of the project. A *room* is a folder or a file directly inside a package. An *arrow* is an ordered pair
of rooms (or of parts) of which the first imports the second, at any depth of its code. A *circle* is a set of modules that
import each other in a ring. An arrow goes *up* when a `layers` contract in `pyproject.toml` puts its target above its source.

A test *sleeps* when the test waits in real time. In a test file that runs its coroutines through `tests/support/virtual_time.py` alone,
`asyncio.sleep` passes in an instant, so only other sleeps (`time.sleep`) count.
"""

import argparse
import ast
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LONG_FILE, LONG_FUNCTION, SHORT_DOCSTRING = 250, 40, 5  # lines, lines, words
VAGUE = frozenset({"about", "asked", "found", "heard", "here", "moved", "noted", "said", "there", "told"})
Arrow = tuple[str, str]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One Python file. `name` is dotted, without a final `__init__`."""

    name: str
    path: Path

    @cached_property
    def text(self) -> str:
        """Source text of the file."""
        return self.path.read_text()

    @cached_property
    def tree(self) -> ast.Module:
        """Syntax tree of the file."""
        return ast.parse(self.text)

    @property
    def lines(self) -> int:
        """Number of lines of the file."""
        return len(self.text.splitlines())

    def functions(self) -> Iterator[Function]:
        """Yield every function and method, nested ones included."""
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))


class House:
    """The source code of one checkout, by module."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.project = tomllib.loads((root / "pyproject.toml").read_text())
        self.parts: list[str] = sorted(self.project["tool"]["importlinter"]["root_packages"])
        self.modules = {module.name: module for part in self.parts for module in self._read(part)}
        self.tests = [Module(path.stem, path) for path in sorted((root / "tests").rglob("*.py"))]

    def _read(self, part: str) -> Iterator[Module]:
        folder = self.folder(part)
        for path in sorted(folder.rglob("*.py")):
            names = path.relative_to(folder.parent).with_suffix("").parts
            yield Module(".".join(names[:-1] if names[-1] == "__init__" else names), path)

    def folder(self, part: str) -> Path:
        """Return the folder of a package, wherever in the first two levels of the checkout its part lies."""
        places = (path for path in self.root.glob(f"*/{part}") if (path / "__init__.py").exists())
        return next(places)

    @cached_property
    def imports(self) -> set[Arrow]:
        """Pairs of modules of the project of which the first imports the second; imports inside functions count."""
        return {
            (name, target)
            for name, module in self.modules.items()
            for target in self._targets(module)
            if target != name
        }

    def _targets(self, module: Module) -> Iterator[str]:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names if alias.name in self.modules)
            elif isinstance(node, ast.ImportFrom) and node.module in self.modules:
                inner = [f"{node.module}.{alias.name}" for alias in node.names]
                yield from (name if name in self.modules else node.module for name in inner)

    def arrows(self, package: str) -> set[Arrow]:
        """Arrows between the rooms of a package."""
        rooms = ((_room(package, source), _room(package, target)) for source, target in self.imports)
        return {(source, target) for source, target in rooms if source and target and source != target}

    def arrows_between_parts(self) -> set[Arrow]:
        """Arrows between the parts."""
        pairs = {(source.partition(".")[0], target.partition(".")[0]) for source, target in self.imports}
        return {(source, target) for source, target in pairs if source != target}

    def rooms(self, package: str) -> list[str]:
        """Names of the rooms of a package."""
        return sorted({_room(package, name) for name in self.modules} - {""})

    def circles(self) -> list[list[str]]:
        """Sets of modules that import each other in a ring."""
        return circles(self.imports)

    def layers(self) -> list[list[str]]:
        """Each `layers` contract as a list of layers, highest first; a layer names one module, or several with bars between."""
        contracts = self.project["tool"]["importlinter"].get("contracts", [])
        return [
            [_full_names(layer, container) for layer in contract["layers"]]
            for contract in contracts
            if contract["type"] == "layers"
            for container in contract.get("containers", [""])
        ]

    def arrows_up(self) -> set[Arrow]:
        """Imports that go from a layer to a higher layer of the same contract."""
        return {
            (source, target)
            for layers in self.layers()
            for source, target in self.imports
            if 0 <= _layer(layers, target) < _layer(layers, source)
        }


def _room(package: str, module: str) -> str:
    """Name of the room of a package that a module belongs to; empty outside of the package and for the package itself."""
    return module.removeprefix(package + ".").partition(".")[0] if module.startswith(package + ".") else ""


def _full_names(layer: str, container: str) -> str:
    """Names of a layer with the container in front of each; optional layers stand in parentheses."""
    prefix = f"{container}." if container else ""
    return " | ".join(prefix + name.strip(" ()") for name in layer.split("|"))


def _layer(layers: list[str], module: str) -> int:
    hits = (
        i
        for i, layer in enumerate(layers)
        if any(f"{module}.".startswith(f"{name}.") for name in layer.split(" | "))
    )
    return next(hits, -1)


def circles(arrows: Iterable[Arrow]) -> list[list[str]]:
    """Return the sets of nodes that reach each other, by taking away whatever has no way in or no way out.

    Nodes that remain lie on a ring or between two rings; `_reachable` tells these apart.
    """
    left = set(arrows)
    while True:
        inner = {source for source, _ in left} & {target for _, target in left}
        kept = {(source, target) for source, target in left if source in inner and target in inner}
        if kept == left:
            break
        left = kept
    reach = {node: _reachable(node, left) for node in {source for source, _ in left}}
    rings = {
        frozenset(other for other in reach if node in reach[other] and other in reach[node]) for node in reach
    }
    return sorted(sorted(ring) for ring in rings if len(ring) > 1)


def _reachable(start: str, arrows: set[Arrow]) -> set[str]:
    reached: set[str] = set()
    front = {start}
    while front:
        front = {target for source, target in arrows if source in front} - reached
        reached |= front
    return reached


# --- figures of the code -----------------------------------------------------------------------------------------------------


def _length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def _docstrings(module: Module) -> Iterator[tuple[str, str | None]]:
    """Yield name and docstring of the module and of its public classes, functions and methods.

    A method without a docstring that overrides a method of a base class in the same module has the docstring of that method.
    """
    classes = {node.name: node for node in module.tree.body if isinstance(node, ast.ClassDef)}
    yield module.name, ast.get_docstring(module.tree)
    stack: list[tuple[str, ast.AST]] = [(module.name, module.tree)]
    while stack:
        prefix, node = stack.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, Function | ast.ClassDef) and not child.name.startswith("_"):
                inherited = _inherited(node, child.name, classes) if isinstance(node, ast.ClassDef) else None
                yield f"{prefix}.{child.name}", ast.get_docstring(child) or inherited
                if isinstance(child, ast.ClassDef):
                    stack.append((f"{prefix}.{child.name}", child))


def _inherited(owner: ast.ClassDef, name: str, classes: Mapping[str, ast.ClassDef]) -> str | None:
    """Docstring of the method of this name in a base class of the same module."""
    for base in (
        classes[node.id] for node in owner.bases if isinstance(node, ast.Name) and node.id in classes
    ):
        methods = (node for node in base.body if isinstance(node, Function) and node.name == name)
        for text in (*map(ast.get_docstring, methods), _inherited(base, name, classes)):
            if text:
                return text
    return None


def _identifiers(module: Module) -> Iterator[str]:
    """Yield the names a module gives: variables, arguments, attributes, functions, classes."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, Function | ast.ClassDef):
            yield node.name


def _calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Yield the calls of attributes, each with the text of the function: `asyncio.sleep`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield ast.unparse(node.func), node


def in_virtual_time(tree: ast.Module) -> bool:
    """Whether a test file runs its coroutines in virtual time, and none in real time."""
    names = {name for name, _ in _calls(tree)}
    return "virtual_time.run" in names and not names & {"asyncio.run", "asyncio.Runner"}


def sleeps(function: Function, *, virtual: bool = False) -> bool:
    """Whether the function waits in real time: a `sleep` of something else than zero, not of asyncio in `virtual` time."""
    return any(
        name.endswith(".sleep")
        and not (virtual and name == "asyncio.sleep")
        and not (isinstance(call.args[0], ast.Constant) and call.args[0].value == 0)
        for name, call in _calls(function)
        if call.args
    )


def long_files(house: House) -> list[str]:
    """Source files of more lines than a reader takes in at once."""
    return [module.name for module in house.modules.values() if module.lines > LONG_FILE]


def long_functions(house: House) -> list[str]:
    """Functions of the sources that are longer than a screen."""
    pairs = ((module, function) for module in house.modules.values() for function in module.functions())
    return [
        f"{module.name}.{function.name}" for module, function in pairs if _length(function) > LONG_FUNCTION
    ]


def short_docstrings(house: House) -> list[str]:
    """Public things whose docstring has too few words to say anything."""
    pairs = (pair for module in house.modules.values() for pair in _docstrings(module))
    return [name for name, text in pairs if text and len(text.split()) < SHORT_DOCSTRING]


def missing_docstrings(house: House) -> list[str]:
    """Public things without a docstring; an empty `__init__.py` says nothing and needs none."""
    pairs = (pair for module in house.modules.values() if module.lines for pair in _docstrings(module))
    return [name for name, text in pairs if not text]


def vague_names(house: House) -> list[str]:
    """Places in the sources where something gets a name that does not say what the thing is."""
    pairs = ((module.name, name) for module in house.modules.values() for name in _identifiers(module))
    return [f"{module}.{name}" for module, name in pairs if name in VAGUE]


def sleeping_tests(house: House) -> list[str]:
    """Test functions that wait in real time; those on a real cluster must."""
    modules = (module for module in house.tests if not {"e2e", "cluster"} & set(module.path.parts))
    timed = ((module, in_virtual_time(module.tree)) for module in modules if ".sleep" in module.text)
    return [
        f"{module.name}.{function.name}"
        for module, virtual in timed
        for function in module.functions()
        if function.name.startswith("test_") and sleeps(function, virtual=virtual)
    ]


# --- the table ---------------------------------------------------------------------------------------------------------------


def figures(house: House) -> dict[str, int]:
    """Every figure of the table by its title."""
    table = {"arrows between parts": len(house.arrows_between_parts())}
    inner = [
        *house.parts,
        "leadmodel_operator.kubernetes",
        "leadmodel_operator.planning",
        "leadmodel_operator.resource",
    ]
    for package in inner:
        if package in house.modules:
            table[f"arrows between rooms of {package}"] = len(house.arrows(package))
    table["circles of modules"] = len(house.circles())
    table["arrows up"] = len(house.arrows_up())
    for title, things in (
        (f"files over {LONG_FILE} lines", long_files),
        (f"functions over {LONG_FUNCTION} lines", long_functions),
        (f"docstrings under {SHORT_DOCSTRING} words", short_docstrings),
        ("public things without a docstring", missing_docstrings),
        ("names such as found, about, asked, said, told", vague_names),
        ("tests that sleep", sleeping_tests),
    ):
        table[title] = len(things(house))
    return table


def lines_per_room(house: House) -> Counter[str]:
    """Lines by folder of a package; the files that lie directly in a folder with rooms are counted together."""
    count: Counter[str] = Counter()
    for module in house.modules.values():
        folder = module.path.parent.relative_to(house.folder(module.name.partition(".")[0]).parent)
        count[".".join(folder.parts)] += module.lines
    return count


def table(before: Mapping[str, int] | None, after: Mapping[str, int], *, before_name: str) -> str:
    """Lines of a table with one column, or with two when there is a `before`."""
    titles = list(dict.fromkeys([*(before or {}), *after]))
    width = max(map(len, titles))
    columns = [(before_name, before), ("here", after)] if before is not None else [("here", after)]
    lines = [" " * width + "".join(f"{name:>12}" for name, _ in columns)]
    for title in titles:
        cells = (str(values.get(title, "–")) for _, values in columns)
        lines.append(f"{title:<{width}}" + "".join(f"{cell:>12}" for cell in cells))
    return "\n".join(lines)


def measure(root: Path) -> tuple[dict[str, int], dict[str, int]]:
    """Figures and lines per room of a checkout."""
    house = House(root)
    return figures(house), dict(sorted(lines_per_room(house).items()))


def measure_revision(revision: str) -> tuple[dict[str, int], dict[str, int]]:
    """Measure a revision of this repository, unpacked into a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(tree), revision], check=True)
        try:
            return measure(tree)
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


LISTS = {
    "circles": lambda house: [" ⇄ ".join(ring) for ring in house.circles()],
    "up": lambda house: [f"{source} → {target}" for source, target in sorted(house.arrows_up())],
    "files": long_files,
    "functions": long_functions,
    "docstrings": short_docstrings,
    "missing": missing_docstrings,
    "names": vague_names,
    "sleeps": sleeping_tests,
}


def main(arguments: list[str] | None = None) -> int:
    """Print the table, or one list behind a figure."""
    parser = argparse.ArgumentParser(description="Measure the house of this checkout.")
    parser.add_argument("revision", nargs="?", help="a git revision to print beside this checkout")
    parser.add_argument("--list", choices=LISTS, help="print what one figure counts, in this checkout")
    options = parser.parse_args(arguments)
    if options.list:
        print("\n".join(LISTS[options.list](House(ROOT))))
        return 0
    before = measure_revision(options.revision) if options.revision else None
    for part, after in enumerate(measure(ROOT)):
        print(table(before[part] if before else None, after, before_name=options.revision or ""), end="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
