"""The exit code of every verb where the cluster is away, refuses, has no LeadModels, or has none of this name: never 0, and one line says why."""

from pathlib import Path

import pytest

from leadmodel_cli.kubectl.cluster import Completed
from leadmodel_cli.kubectl.options import VERBS
from leadmodel_cli.kubectl.program import main
from leadmodel_cli.kubectl.version import own_version
from leadmodel_messages.exits import KubectlExit
from worlds.kubectl import WorldKubectl
from worlds.names import KEY
from worlds.situations import serving

REPOSITORY = Path(__file__).parents[2]
AWAY = Completed(1, "", "Unable to connect to the server: dial tcp 10.0.0.1:6443: i/o timeout")
FORBIDDEN = Completed(1, "", 'Error from server (Forbidden): x is forbidden: User "viewer" cannot do it')
NO_KIND = Completed(1, "", 'error: the server doesn\'t have a resource type "leadmodels"')
TROUBLES = {
    "away": (lambda _: AWAY, "Unable to connect to the server"),
    "forbidden": (lambda _: FORBIDDEN, "is forbidden"),
    "no definition": (
        lambda words: NO_KIND if any("leadmodels" in word for word in words) else None,
        "this cluster has no LeadModels: install the operator's chart",
    ),
    "no such name": (lambda _: None, '"nobody" not found'),
}
NAMELESS = ("list", "dashboard", "version", "lint")
UNTOUCHED = {("lint", "away"), ("lint", "forbidden"), ("lint", "no definition"), ("version", "no definition")}
MORE = {
    "replay": ["--leads", "leads.csv"],
    "lint": ["-q", "crds/examples/minimal.yaml"],
    "status": ["-v"],
    "list": ["-A"],
}


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("verb", [verb.name for verb in VERBS])
def test_exit_codes_where_the_cluster_gives_nothing(verb, trouble, capsys, tmp_path, monkeypatch):
    if trouble == "no such name" and verb in NAMELESS:
        pytest.skip("it takes no name")
    gives, sentence = TROUBLES[trouble]
    works = WorldKubectl(serving(live=True)[0])
    name = [] if verb in NAMELESS else ["nobody" if trouble == "no such name" else KEY.name]
    line = [verb, *name, *MORE.get(verb, [])]
    files = [word for word in line if word.endswith(".yaml")]
    line = [str(REPOSITORY / word) if word in files else word for word in line]
    monkeypatch.chdir(tmp_path)
    code = main(line, lambda words: gives(words) or works(words))
    shown = capsys.readouterr()
    if (verb, trouble) in UNTOUCHED:
        assert (code, shown.err) == (KubectlExit.DONE, "")
        return
    assert code == KubectlExit.FAILED
    assert shown.err.startswith("kubectl leadmodel: ")
    assert sentence in shown.err
    assert shown.err.count("\n") == 1
    assert bool(shown.out) == (verb == "version")
    assert list(tmp_path.iterdir()) == []
    assert works.writes == []


@pytest.mark.parametrize("output", [[], ["-o", "json"]])
def test_version_says_its_own_where_the_cluster_is_away(output, capsys):
    """As kubectl does: a script gets the client's version on standard output, and a code that tells it of the rest."""
    assert main(["version", *output], lambda _: AWAY) == KubectlExit.FAILED
    shown = capsys.readouterr()
    assert own_version() in shown.out
    assert "operator" not in shown.out
    assert "the operators of the cluster could not be read: Unable to connect" in shown.err
    assert main(["version", "--client", *output], lambda _: AWAY) == KubectlExit.DONE
    assert capsys.readouterr().out.replace("{", "").strip()


def test_version_where_no_operator_runs(capsys):
    assert main(["version"], WorldKubectl(serving()[0])) == KubectlExit.DONE
    assert "operator: none runs" in capsys.readouterr().out
