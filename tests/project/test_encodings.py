"""Every text file is read and written as UTF-8: a call that leaves the encoding to the locale stands in no program."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PARTS = ("cli", "contract", "followup", "local", "operator", "predictor", "privacy", "training")


def by_locale(source: str) -> Iterator[int]:
    """Yield the lines of a source on which a text file is opened, read or written in the encoding of the locale."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or any(word.arg == "encoding" for word in node.keywords):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if isinstance(node.func, ast.Attribute) and ast.unparse(node.func) == "os.open":
            continue  # a descriptor, which gives bytes
        if any(word.arg == "timeout" for word in node.keywords) and name == "open":
            continue  # of an address, which gives bytes
        modes = [
            arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
        ]
        texts = name == "write_text" or (name == "read_text" and not node.args)
        opens = name in {"open", "fdopen", "NamedTemporaryFile"} and not any("b" in mode for mode in modes)
        if (
            texts
            or opens
            or any(w.arg == "text" and getattr(w.value, "value", None) is True for w in node.keywords)
        ):
            yield node.lineno


def test_no_program_leaves_an_encoding_to_the_locale():
    files = [file for part in PARTS for file in (ROOT / part).rglob("*.py")]
    assert len(files) > 300
    found = {
        str(file.relative_to(ROOT)): lines for file in files if (lines := list(by_locale(file.read_text())))
    }
    assert found == {}


def test_control_such_a_call_is_seen():
    calls = (
        "path.read_text()",
        "path.write_text(x)",
        "path.open('w')",
        "open(name)",
        "run(command, text=True)",
    )
    assert [list(by_locale(call)) for call in calls] == [[1]] * len(calls)
    assert list(by_locale("path.read_text(encoding='utf-8'); path.open('rb')")) == []
