"""docs/reference: generated pages are fresh, and they leave nothing out that the code has."""

import ast
import re

import pytest

from leadmodel_messages import exits
from leadmodel_operator.kubernetes.render import names
from leadmodel_operator.resource.vocabulary import Command
from leadmodel_predictor.http.app import Application
from leadmodel_predictor.serving.reload import Reloads
from project.house import ROOT
from project.reference import endpoints, fields, programs, words
from project.reference.pages import FOLDER, PAGES
from project.reference.tables import meanings, table
from support.predictor_thread import model_of
from support.small_models import linear

WEB = ROOT / "operator" / "leadmodel_operator" / "kubernetes" / "process" / "web.py"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_fresh(name):
    assert (FOLDER / name).read_text() == PAGES[name](), "run `make docs`"


def undescribed(schema):
    """The paths of fields without a description of at least two words."""
    return [
        path for path, node, _ in fields.walk(schema, "") if len(str(node.get("description", "")).split()) < 2
    ]


def test_every_field_is_described_and_on_the_page():
    schema = fields.version()["schema"]["openAPIV3Schema"]
    both = {"properties": {name: schema["properties"][name] for name in ("spec", "status")}}
    assert undescribed(both) == []
    page = (FOLDER / "leadmodel.md").read_text()
    paths = [path.removeprefix(".") for path, _, _ in fields.walk(both, "")]
    print(f"documented fields: {len(paths)} of {len(paths)}")
    assert len(paths) >= 350
    assert [path for path in paths if f"| `{path}` |" not in page] == []


def test_control_a_field_without_a_description_is_seen():
    schema = {"properties": {"spec": {"description": "a sentence", "items": {"properties": {"x": {}}}}}}
    assert undescribed(schema) == [".spec[].x"]


def test_every_program_and_argument_is_on_the_page():
    assert set(programs.PARSERS) | set(programs.OF_SHELLS) | set(programs.OLD_NAMES) == programs.scripts()
    silent = [
        (prog, programs.spelled(action))
        for make in programs.PARSERS.values()
        for prog, _, taken in programs.commands(make())
        for action in taken
        if len((action.help or "").split()) < 2
    ]
    assert silent == []


def test_every_exit_code_has_a_program_and_a_meaning():
    kinds = {kind for name, kind in vars(exits).items() if name.endswith("Exit")}
    assert set(programs.EXITS.values()) == kinds
    assert {name.split()[0] for name in programs.EXITS} == set(programs.PARSERS)
    for kind in kinds:
        assert set(meanings(kind)) == set(kind.__members__), kind


def test_every_route_of_the_predictor_is_on_the_page():
    model = model_of(linear())
    app = Application(model, Reloads(model, None, 0.5, None))
    routed = {
        (method, route.path)
        for route in app.router.routes
        for method in route.methods or ()
        if method != "HEAD"
    }
    documented = {(method, path) for method, path, _ in endpoints.routes()}
    paths = {app.predict.path, "/predict/batch", "/enrich", "/enrich/batch"}
    assert documented == routed | {("POST", path) for path in paths}


def test_every_refusal_of_the_predictor_is_on_the_page():
    assert endpoints.codes_in_code() <= set(endpoints.ANYWHERE)
    answers = {int(code) for *_, operation in endpoints.routes() for code in operation["responses"]}
    assert answers - {200} <= set(endpoints.ANYWHERE)
    assert {400, 408, 413, 422, 431, 503} <= endpoints.codes_in_code()


def test_every_route_of_the_operator_is_on_the_page():
    calls = [node for node in ast.walk(ast.parse(WEB.read_text())) if isinstance(node, ast.Call)]
    paths = {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in {"get", "post"}
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }
    assert paths == set(endpoints.OPERATOR)


def test_every_annotation_and_label_is_on_the_page():
    assert set(words.COMMANDS) == set(Command)
    written = {
        value
        for name, value in vars(names).items()
        if name.isupper() and isinstance(value, str) and re.match(r"[a-z.]+/[a-z-]+$", value)
    }
    assert {name for name in written if "." in name.split("/")[0]} == {*words.LABELS, *words.ANNOTATIONS}


def test_a_bar_in_a_cell_breaks_no_table():
    assert table(("a",), [("x | y\nz",)]) == "| a |\n| --- |\n| x \\| y z |\n"
