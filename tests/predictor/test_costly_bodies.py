"""Bodies made to fill memory or to hold up the event loop are refused like any other, in a process with little of both."""

import re
import signal
import subprocess
import sys

import pytest

from leadmodel_predictor.serving.columns import STRING

# a column of one text of commas: {"source": [",,,…"]}
COLUMN = """
import re, resource, sys
from leadmodel_artifact.compiler import make_coded_scorer
from leadmodel_predictor.serving import columns, decode
from support.small_models import linear
if len(sys.argv) > 1:
    columns.STRING = re.compile(sys.argv[1].encode(), re.DOTALL)
model = linear()
reader = columns.ColumnReader(decode.Reader((model, make_coded_scorer(model)), None), 10_000)
resource.setrlimit(resource.RLIMIT_AS, (512 << 20, 512 << 20))
try:
    reader.columns(b'{"source": ["' + b"," * 15_000_000 + b'"]}')
except decode.BadLead as error:
    print(error.field, error)
"""
BACKTRACKING = r'"(?:[^"\\]|\\.)*"'

# a line of commas without an end
TABLE = """
import re, resource, sys
from leadmodel_predictor.http.no_json import why_no_json
resource.setrlimit(resource.RLIMIT_CPU, (5, 20))
body = b"," * 1_000_000
if len(sys.argv) > 1:
    print(re.match(sys.argv[1].encode(), body))
print(why_no_json(ValueError("JSON is malformed (byte 0)"), body))
"""
QUADRATIC = r"[^\n{}\[\]]*[,;\t][^\n{}\[\]]*\r?\n"


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    asked = [sys.executable, "-c", program, *arguments]
    return subprocess.run(asked, check=False, capture_output=True, text=True, env={"PYTHONPATH": "tests"})


def test_a_column_of_one_long_string_takes_little_memory():
    found = run(COLUMN)
    assert found.stdout == "$.source[0] Expected str of length <= 1000000\n", found.stderr[-300:]


def test_control_a_pattern_that_backtracks_fills_memory():
    assert "MemoryError" in run(COLUMN, BACKTRACKING).stderr


@pytest.mark.parametrize("text", [r'"', r'"a\"', r'"a", "b\\", 1', r'"\"\"', '"\\\n" ""', r'\"a"', 'x"y"z"'])
def test_strings_are_those_of_the_plain_pattern(text):
    assert STRING.sub(b"", text.encode()) == re.sub(
        BACKTRACKING.encode(), b"", text.encode(), flags=re.DOTALL
    )


def test_a_line_without_an_end_takes_little_time():
    found = run(TABLE)
    assert found.stdout.startswith("the body is not JSON at byte 0"), found.stderr[-300:]


def test_control_a_pattern_that_tries_every_separator_takes_hours():
    assert run(TABLE, QUADRATIC).returncode == -signal.SIGXCPU
