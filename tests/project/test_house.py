"""The house stays in order: no modules in a ring, no import from a lower layer to a higher one."""

import pytest

from project.house import ROOT, House, circles, figures, main, missing_docstrings, sleeping_tests, sleeps


@pytest.fixture(scope="module")
def house() -> House:
    return House(ROOT)


def test_no_modules_import_each_other_in_a_ring(house):
    assert house.circles() == []


def test_no_import_goes_up(house):
    assert house.layers()
    assert sorted(house.arrows_up()) == []


def test_rings_are_told_from_what_lies_between_them():
    assert circles([("a", "b"), ("b", "a"), ("b", "c"), ("c", "d"), ("d", "e"), ("e", "d"), ("e", "f")]) == [
        ["a", "b"],
        ["d", "e"],
    ]
    assert circles([("a", "b"), ("b", "c"), ("a", "c")]) == []


def small(folder, files, layers=()):
    """A checkout with one package `p` that holds these files."""
    contract = (
        f"[[tool.importlinter.contracts]]\ntype = 'layers'\nlayers = {list(layers)}\n" if layers else ""
    )
    (folder / "pyproject.toml").write_text(f"[tool.importlinter]\nroot_packages = ['p']\n{contract}")
    (folder / "tests").mkdir()
    for name, text in {"__init__": "", **files}.items():
        path = folder / "part" / "p" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return House(folder)


def test_an_import_inside_a_function_closes_a_ring(tmp_path):
    house = small(tmp_path, {"a": "from p import b", "b": "def late():\n    import p.a\n"})
    assert house.circles() == [["p.a", "p.b"]]


def test_an_arrow_up_is_seen(tmp_path):
    files = {"low/__init__": "", "low/x": "from p.high import y", "high/__init__": "", "high/y": ""}
    house = small(tmp_path, files, ["p.high", "p.low"])
    assert house.arrows_up() == {("p.low.x", "p.high.y")}
    assert house.arrows("p") == {("low", "high")}


def test_an_arrow_up_inside_of_a_container_is_seen(tmp_path):
    house = small(tmp_path, {"low": "from p import high", "high": "", "middle": ""}, ["high | middle", "low"])
    assert house.arrows_up() == set()
    house.project["tool"]["importlinter"]["contracts"][0]["containers"] = ["p"]
    assert house.arrows_up() == {("p.low", "p.high")}


def test_figures_of_a_small_house(tmp_path):
    body = (
        '"""A module with a sentence of words."""\n\n\ndef f(found):\n    """Too short."""\n'
        + "    x = 1\n" * 40
    )
    table = figures(small(tmp_path, {"a": body}))
    assert table["functions over 40 lines"] == 1
    assert table["docstrings under 5 words"] == 1
    assert table["names such as found, about, asked, said, told"] == 1
    assert table["files over 250 lines"] == table["circles of modules"] == 0


def test_an_overriding_method_has_the_docstring_of_its_base(tmp_path):
    base = "class A:\n    def f(self):\n        'Do what both classes do.'\n"
    house = small(tmp_path, {"a": f"{base}class B(A):\n    def f(self): ...\n    def g(self): ...\n"})
    assert {name for name in missing_docstrings(house) if name[-1] in "fg"} == {"p.a.B.g"}


@pytest.mark.parametrize(
    ("call", "waits"), [("time.sleep(0.1)", True), ("asyncio.sleep(0)", False), ("f(1)", False)]
)
def test_a_sleep_is_seen(call, waits):
    import ast

    function = ast.parse(f"def test_x():\n    {call}\n").body[0]
    assert isinstance(function, ast.FunctionDef)
    assert sleeps(function) is waits


@pytest.mark.parametrize(
    ("sleep", "runner", "waits"),
    [
        ("await asyncio.sleep(1)", "virtual_time.run(tell())", False),
        ("await asyncio.sleep(1)", "asyncio.run(tell())", True),
        ("await asyncio.sleep(1)", "virtual_time.run(tell()); asyncio.run(tell())", True),
        ("time.sleep(1)", "virtual_time.run(tell())", True),
    ],
)
def test_a_sleep_in_virtual_time_is_none(tmp_path, sleep, runner, waits):
    house = small(tmp_path, {})
    test = tmp_path / "tests" / "test_x.py"
    test.write_text(f"def test_x():\n    async def tell():\n        {sleep}\n    {runner}\n")
    assert sleeping_tests(House(house.root)) == ["test_x.test_x"] * waits


@pytest.mark.slow
def test_the_table_is_printed(capsys):
    assert main([]) == 0
    assert "arrows between rooms of leadmodel_operator" in capsys.readouterr().out
