"""Each command line fits the program it starts: every flag is one of the program's, and its value arrives where the program reads it."""

import argparse
from pathlib import Path

import pytest

from leadmodel_followup.__main__ import parser as follow_up_parser
from leadmodel_messages import commands
from leadmodel_messages.commands import Address, Inherited, Model, Program
from leadmodel_predictor.__main__ import parser as predictor_parser
from leadmodel_predictor.jobs.check_text import parser as check_text_parser
from leadmodel_predictor.jobs.poll import parser as poll_parser
from leadmodel_predictor.jobs.validate import parser as validate_parser
from leadmodel_privacy.__main__ import parser as privacy_parser
from leadmodel_training.__main__ import parser as train_parser
from leadmodel_training.text.options import parser as enrich_parser

D, E = "sha256:" + "d" * 64, "sha256:" + "e" * 64
LOG = commands.termination_log("/dev/termination-log")


def poll() -> tuple[list[str], dict[str, object]]:
    line = commands.poll(artifact="s3://a", holdout="s3://h", etag='"1"', holdout_etag='"2"')
    return line, {"artifact": "s3://a", "holdout": "s3://h", "etag": '"1"', "holdout_etag": '"2"'}


def validate() -> tuple[list[str], dict[str, object]]:
    line = commands.validate(
        artifact="s3://a",
        holdout="s3://h",
        image="i:1",
        deadline=600.5,
        expect_digest=D,
        holdout_digest=E,
        champion=Model("/c", D),
        best=Model("/b", E),
        mailbox="sales/box",
    )
    models = {"champion": "/c", "champion_digest": D, "best": "/b", "best_digest": E}
    rest = {"image": "i:1", "deadline": 600.5, "expect_digest": D, "holdout_digest": E}
    return line, {"artifact": "s3://a", "holdout": "s3://h", "mailbox": "sales/box", **models, **rest}


def train() -> tuple[list[str], dict[str, object]]:
    line = commands.train(
        leads="s3://l",
        artifact="s3://a",
        holdout="s3://h",
        name="conversion",
        label="won",
        recipe="auto",
        exclude=("duration", "outcome"),
        allow=("id",),
        horizon_days=1.5,
        positive="Won",
        time_column="came in",
        id_column="lead",
        holdout_share=0.125,
        allow_personal=("city", "region"),
        time_format="%d.%m.%Y",
        numeric=("fee",),
        categorical=("code", "zip"),
        require=("age", "source"),
        text_model="s3://t",
        text_messages="s3://m",
    )
    places = {"leads": "s3://l", "artifact": "s3://a", "holdout": "s3://h"}
    places |= {"text_model": "s3://t", "text_messages": "s3://m"}
    columns = {"label": "won", "exclude": "duration,outcome", "allow": "id", "allow_personal": "city,region"}
    columns |= {"positive": "Won", "time_column": "came in", "id_column": "lead"}
    columns |= {
        "time_format": "%d.%m.%Y",
        "numeric": "fee",
        "categorical": "code,zip",
        "require": "age,source",
    }
    numbers = {"horizon": 1.5, "holdout_share": 0.125}
    return line, {**places, **columns, **numbers, "name": "conversion", "recipe": "auto"}


def backfill() -> tuple[list[str], dict[str, object]]:
    line = commands.backfill(
        match=("chat:*", "mail:*"),
        field=("text",),
        names="balanced",
        keep=("Acme", "Acme Cloud"),
        name="sales/conversion",
        retention_s=7200.0,
        image="p:1",
        wait_s=10.0,
        apply=True,
        tls=commands.Tls("/tls/ca.crt", "/tls/tls.crt", "/tls/tls.key"),
    )
    files = {"tls_ca": "/tls/ca.crt", "tls_cert": "/tls/tls.crt", "tls_key": "/tls/tls.key"}
    lists = {"match": ["chat:*", "mail:*"], "field": ["text"], "keep": ["Acme", "Acme Cloud"]}
    rest = {"name": "sales/conversion", "retention": 7200.0, "image": "p:1", "wait": 10.0, "apply": True}
    return line, {**lists, **files, **rest, "names": "balanced"}


def predictor_on_a_port() -> tuple[list[str], dict[str, object]]:
    line = commands.predictor(
        champion=Model("/c", D),
        previous=Model("/p", E),
        listen=Address("0.0.0.0", 8080),
        measured_auc=0.7123456789012345,
        drain_s=None,
        text_model="/models/text/text.json.gz",
        challenger="/models/challenger/challenger.json.gz",
    )
    models = {"artifact": "/c", "expect_digest": D, "previous": "/p", "previous_digest": E}
    rest = {"host": "0.0.0.0", "port": 8080, "measured_auc": 0.7123456789012345, "min_auc": 0.0}
    rest |= {"text_model": "/models/text/text.json.gz", "challenger": "/models/challenger/challenger.json.gz"}
    return line, {**models, **rest}


def predictor_on_sockets() -> tuple[list[str], dict[str, object]]:
    line = commands.predictor(
        champion=Model("/c", D), previous=None, listen=Inherited((3, 4)), measured_auc=None, drain_s=2.0
    )
    nothing = {"previous": None, "previous_digest": None, "measured_auc": None, "text_model": None}
    nothing |= {"challenger": None}
    return line, {"artifact": "/c", "expect_digest": D, "fd": (3, 4), "drain_seconds": 2.0, **nothing}


def check_text() -> tuple[list[str], dict[str, object]]:
    line = commands.check_text(
        model="s3://t",
        holdout="s3://m",
        image="i:1",
        expect_digest=D,
        label="wish",
        text="details",
        serving=Model("/s", E),
        mailbox="sales/box",
    )
    places = {"model": "s3://t", "holdout": "s3://m", "serving": "/s", "mailbox": "sales/box"}
    rest = {"image": "i:1", "expect_digest": D, "serving_digest": E, "label": "wish", "text": "details"}
    return line, {**places, **rest}


def train_text() -> tuple[list[str], dict[str, object]]:
    line = commands.train_text(
        messages="s3://l", model="s3://t", holdout="s3://m", name="conversion", languages=("en", "de")
    )
    places = {"messages": "s3://l", "out": "s3://t", "holdout_out": "s3://m"}
    return line, {**places, "name": "conversion", "languages": "en,de"}


PARSERS = {
    Program.POLL: poll_parser,
    Program.VALIDATE: validate_parser,
    Program.TRAIN: train_parser,
    Program.PRIVACY: privacy_parser,
    Program.PREDICTOR: predictor_parser,
    Program.CHECK_TEXT: check_text_parser,
    Program.ENRICH: enrich_parser,
}
LINES = {
    poll: Program.POLL,
    validate: Program.VALIDATE,
    train: Program.TRAIN,
    backfill: Program.PRIVACY,
    predictor_on_a_port: Program.PREDICTOR,
    predictor_on_sockets: Program.PREDICTOR,
    check_text: Program.CHECK_TEXT,
    train_text: Program.ENRICH,
}
FOR_PEOPLE = {
    Program.POLL: set(),
    Program.VALIDATE: {"--min-auc"},
    Program.TRAIN: {
        "--out",
        "--parent",
        "--text-field",
        "--calibration-share",
        "--seed",
    },
    Program.PRIVACY: {
        "--config",
        "--sample",
        "--max-keys",
        "--changed-configuration",
        "--stamps",
        "--redis",
        "--username",
        "--password-file",
        "--lease",
        "--report",
        "--audit",
        "--triggered-by",
        "--keys-per-second",
        "--server-share",
        "--page",
        "--max-stream-entries",
        "--max-message",
    },
    Program.PREDICTOR: {
        "--token-file",
        "--max-drain-seconds",
        "--idle-seconds",
        "--max-waiting",
        "--fast-path",
    },
    Program.CHECK_TEXT: set(),
    Program.ENRICH: {
        "--label",
        "--holdout-share",
        "--report",
        "--unlabelled",
        "--background",
        "--holdout",
        "--base",
        "--precision",
        "--allow-overlap",
        "--licence",
        "--seed",
    },
}
SUBCOMMANDS = {Program.PRIVACY: "backfill", Program.ENRICH: "train"}


def flags(line: list[str]) -> set[str]:
    return {item.partition("=")[0] for item in line if item.startswith("--")}


def all_flags(program: Program) -> set[str]:
    parser = PARSERS[program]()
    if program in SUBCOMMANDS:
        commands_ = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction))  # noqa: SLF001  # argparse lists its options nowhere else
        parser = commands_.choices[SUBCOMMANDS[program]]
    return {name for action in parser._actions for name in action.option_strings} - {"-h", "--help"}  # noqa: SLF001  # as above


@pytest.mark.parametrize("make", LINES)
def test_every_value_arrives(make):
    line, expected = make()
    given = vars(PARSERS[LINES[make]]().parse_args([*line, *LOG]))
    assert given["termination_log"] == Path("/dev/termination-log")
    assert {name: given[name] for name in expected} == expected


@pytest.mark.parametrize("make", LINES)
def test_every_value_is_looked_at(make):
    """An argument that this test forgets would not be held to the program."""
    line, expected = make()
    named = {flag.removeprefix("--").replace("-", "_") for flag in flags(line)}
    assert named <= expected.keys() | {"min_auc"}


@pytest.mark.parametrize("program", [program for program in Program if program is not Program.FOLLOWUP])
def test_every_flag_is_used_or_for_people(program):
    used = set().union(*(flags(make()[0]) for make, owner in LINES.items() if owner is program))
    assert used.isdisjoint(FOR_PEOPLE[program])
    assert used | FOR_PEOPLE[program] | {"--termination-log"} == all_flags(program)


def test_pods_of_follow_ups_take_files_and_no_flags():
    """That is why no line of theirs is above."""
    given = vars(follow_up_parser().parse_args(["run"]))
    assert given["settings"] == Path("/etc/leadmodel/followups/followups.json")
    assert given["templates"] == Path("/etc/leadmodel/templates")


def test_what_is_not_given_is_not_said():
    assert flags(commands.poll(artifact="a", holdout="h", etag=None, holdout_etag="")) == {
        "--artifact",
        "--holdout",
    }
    line = commands.backfill(
        match=("a",),
        field=(),
        names=None,
        keep=(),
        name="n",
        retention_s=1,
        image=None,
        wait_s=None,
        apply=False,
    )
    assert flags(line) == {"--match", "--name", "--retention"}


@pytest.mark.parametrize("program", Program)
def test_every_program_has_a_module_and_a_script(program):
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    assert f'{program.value} = "{program.module}' in project


def test_control_a_flag_the_program_does_not_have_is_found_out(capsys):
    line, _ = poll()
    with pytest.raises(SystemExit):
        poll_parser().parse_args([*line, "--patience=3"])
    assert "--patience" in capsys.readouterr().err
