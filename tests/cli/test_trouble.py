"""`kubectl leadmodel` where the cluster is away for a while, or does not show everything to this user."""

from argparse import Namespace
from datetime import UTC, datetime

import pytest

from leadmodel_cli.kubectl import dashboard as page
from leadmodel_cli.kubectl import shows
from leadmodel_cli.kubectl.cluster import Cluster, ClusterError, Completed
from leadmodel_cli.kubectl.dashboard import ClusterSource
from leadmodel_cli.kubectl.program import main
from leadmodel_cli.views.story import story
from leadmodel_messages.exits import KubectlExit
from worlds.kubectl import WorldKubectl
from worlds.names import KEY
from worlds.situations import serving

AWAY = Completed(1, "", "Unable to connect to the server: dial tcp: i/o timeout")
FORBIDDEN = Completed(1, "", 'Error from server (Forbidden): pods is forbidden: User "viewer" cannot list it')
NOW = datetime(2026, 1, 5, tzinfo=UTC)


def kubectl() -> WorldKubectl:
    return WorldKubectl(serving(live=True)[0])


class Failing:
    """A kubectl whose reads of LeadModels end as `ends` says, one after the other; None: as they should. Then Ctrl-C."""

    def __init__(self, *ends: Completed | None) -> None:
        self.ends, self.works = list(ends), kubectl()

    def __call__(self, arguments):
        if "pods,jobs" in arguments:
            return self.works(arguments)
        if not self.ends:
            raise KeyboardInterrupt
        return self.ends.pop(0) or self.works(arguments)


def test_a_watch_outlives_a_cluster_that_is_away(monkeypatch, capsys):
    monkeypatch.setattr(shows, "LOOK_S", 0.0)
    assert main(["status", KEY.name, "-w"], Failing(None, AWAY, AWAY, None), lambda: NOW) == 130
    shown = capsys.readouterr().out
    assert shown.count("not read, trying again: Unable to connect to the server: dial tcp: i/o timeout") == 1
    assert shown.count(f"sales/{KEY.name}") == 2


@pytest.mark.parametrize("ends", [(AWAY,), (None, Completed(1, "", "Error from server (NotFound): gone"))])
def test_control_a_watch_ends_where_it_never_saw_one_and_where_there_is_none_any_more(
    ends, monkeypatch, capsys
):
    monkeypatch.setattr(shows, "LOOK_S", 0.0)
    assert main(["status", KEY.name, "-w"], Failing(*ends), lambda: NOW) == KubectlExit.FAILED
    assert "trying again" not in capsys.readouterr().out


def test_a_watch_of_a_document_is_refused_instead_of_shown_once(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["status", KEY.name, "-w", "-o", "json"], kubectl())
    assert ended.value.code == KubectlExit.USAGE
    assert "not allowed with argument" in capsys.readouterr().err


@pytest.mark.parametrize(("flags", "begins"), [(["-A"], "NAMESPACE"), ([], "NAME ")])
def test_all_namespaces_are_named_also_where_one_has_all_lead_models(flags, begins, capsys):
    assert main(["list", *flags], kubectl(), lambda: NOW) == KubectlExit.DONE
    head, row = capsys.readouterr().out.splitlines()
    assert head.startswith(begins)
    assert row.startswith(KEY.namespace) == bool(flags)


@pytest.mark.parametrize("verb", ["status", "pause", "rollback"])
def test_an_option_is_no_name(verb, capsys):
    runner = kubectl()
    assert main([verb, "--", "--all"], runner) == KubectlExit.USAGE
    assert "--all is no name" in capsys.readouterr().err
    assert runner.calls == []


@pytest.mark.parametrize("verb", ["poll", "pause"])
@pytest.mark.parametrize(
    ("trouble", "code"),
    [(AWAY, KubectlExit.DONE), (Completed(1, "", "(NotFound): gone"), KubectlExit.FAILED)],
)
def test_a_command_that_is_written_waits_on_where_one_look_fails(verb, trouble, code):
    """The control: a LeadModel that is gone will never answer."""
    world, leader = serving(live=True)
    works, ends = WorldKubectl(world, leader), [None, trouble]

    def runner(arguments):
        end = ends.pop(0) if arguments[0] == "get" and ends else None
        return end or works(arguments)

    assert main([verb, KEY.name], runner) == code
    assert (ends, len(works.writes)) == ([], 1)


# --- the page --------------------------------------------------------------------------------------------------------------------


def test_who_may_not_read_pods_sees_the_rest_of_the_page():
    works = kubectl()
    runner = lambda arguments: FORBIDDEN if "pods,jobs" in arguments else works(arguments)  # noqa: E731
    look = ClusterSource(Cluster(run=runner)).look(KEY.namespace, KEY.name)
    shown = story(look, NOW)
    assert "pods is forbidden" in shown["drift"]["note"]
    assert (shown["phase"], shown["pods"]) == ("Serving", [])
    assert story(ClusterSource(Cluster(run=works)).look(KEY.namespace, KEY.name), NOW)["pods"]


def test_no_kubectl_of_the_page_waits_for_ever():
    asked = []

    def runner(arguments):
        asked.append(list(arguments))
        return AWAY

    with pytest.raises(ClusterError, match="Unable to connect"):
        page.dashboard(Cluster(("--context=x",), run=runner), Namespace(port=0), lambda: NOW)
    assert asked[0][:2] == ["--context=x", page.PATIENCE]
