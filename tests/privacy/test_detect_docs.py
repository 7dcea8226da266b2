"""What `docs/privacy.md` shows is what happens."""

import json
import re
import subprocess
import sys
from pathlib import Path

from leadmodel_privacy.configuration import ENTITIES, loads
from leadmodel_privacy.detect import Detector

PAGE = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text()


def blocks(kind):
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)


def test_the_python_runs():
    (code,) = blocks("python")
    assert code.count("assert ") >= 3, "the example shows what comes out"
    exec(code, {})


def test_the_console_shows_the_truth():
    (shown,) = blocks("console")
    asked, answered = shown.strip().split("\n")
    given = re.search(r"echo '(.*)' \|", asked)[1]
    program = [sys.executable, "-m", "leadmodel_privacy", "detect"]
    found = subprocess.run(program, input=given + "\n", capture_output=True, text=True, check=True)
    assert found.stdout.strip() == answered


def test_the_configuration_is_taken():
    (text,) = blocks("json")
    config = loads(text)
    assert json.loads(text)["off"] == list(config.off)
    assert Detector(config).redact("kd-123456")[1] == {"CUSTOMER_NO": 1}


def test_every_entity_and_every_identifier_has_its_row():
    for entity in ENTITIES:
        assert f"`{entity}`" in PAGE, entity
    assert re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE) == [str(n) for n in range(1, 19)]
