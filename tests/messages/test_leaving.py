"""A program whose answer is written keeps its exit code, whatever a library does while the interpreter takes itself apart."""

import json
import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

# A library that crashes while the interpreter ends, after the program has answered.
CRASHES = "import atexit, os, signal, sys; atexit.register(os.kill, os.getpid(), signal.SIGSEGV)\n"
ENDS = {"leave": "from leadmodel_messages.leaving import leave; leave(main)", "exit": "sys.exit(main())"}


def run(main: str, end: str, **pipes: int) -> subprocess.CompletedProcess[str]:
    script = f"{CRASHES}{main}\n{ENDS[end]}"
    return subprocess.run(
        [sys.executable, "-c", script], check=False, text=True, env=BUFFERED, **(pipes or PIPES)
    )


BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
ANSWERS = "def main():\n    print('the answer')\n    return 3"


def test_an_answer_that_is_written_keeps_its_exit_code():
    ended = run(ANSWERS, "leave")
    assert (ended.returncode, ended.stdout) == (3, "the answer\n")


def test_control_the_interpreters_own_end_loses_the_exit_code():
    assert run(ANSWERS, "exit").returncode == -signal.SIGSEGV


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        ("raise SystemExit(2)", 2, ""),
        ("raise SystemExit", 0, ""),
        ("raise SystemExit('no such option')", 1, "no such option"),
        ("raise ValueError('seven')", 1, "ValueError: seven"),
        ("return 0", 0, ""),
    ],
)
def test_every_other_end_is_as_python_has_it(body, code, says):
    ended = run(f"def main():\n    {body}", "leave")
    assert ended.returncode == code
    assert says in ended.stderr


MUCH = "def main():\n    print('the answer\\n' * 100_000)\n    return 3"


@pytest.mark.parametrize(("main", "code"), [(ANSWERS, 3), (ANSWERS.replace("3", "0"), 0), (MUCH, 0)])
def test_a_reader_that_goes_away_is_no_failure_of_the_program(main, code):
    read, write = os.pipe()
    os.close(read)
    ended = run(main, "leave", stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert (ended.returncode, ended.stderr) == (code, "")


def test_control_the_interpreters_own_end_fails_where_the_reader_is_gone():
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-c", "print('the answer')"]
    ended = subprocess.run(command, check=False, env=BUFFERED, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert ended.returncode == 120


def test_another_pipe_that_breaks_is_a_failure():
    ended = run("def main():\n    raise BrokenPipeError", "leave")
    assert ended.returncode == 1
    assert "BrokenPipeError" in ended.stderr


def test_output_that_cannot_be_written_is_no_success():
    with Path("/dev/full").open("w") as full:
        ended = run(ANSWERS.replace("3", "0"), "leave", stdout=full, stderr=subprocess.PIPE)
    assert ended.returncode == 120


ROOT = Path(__file__).parents[2]
PROGRAMS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
MODULES = sorted({entry.partition(":")[0] for entry in PROGRAMS.values()})


def help_unread(*command: str) -> tuple[int, str]:
    """Exit code and standard error of a program whose help nobody reads."""
    read, write = os.pipe()
    os.close(read)
    ended = subprocess.run(
        [sys.executable, *command, "--help"], check=False, stdout=write, stderr=subprocess.PIPE, text=True
    )
    os.close(write)
    return ended.returncode, ended.stderr


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_program_may_be_read_in_part(name):
    """`leadmodel-operator --help | head -1` is no failure: each program as the installed script calls it."""
    module, _, function = PROGRAMS[name].partition(":")
    code, errors = help_unread("-c", f"import sys; from {module} import {function}; sys.exit({function}())")
    note = "leadmodel-leads is now leadmodel-synth; the old name goes with the next release\n"
    assert (code, errors) == (0, note if name == "leadmodel-leads" else "")


@pytest.mark.slow
@pytest.mark.parametrize("module", MODULES)
def test_every_module_of_a_program_may_be_read_in_part(module):
    """The images start modules."""
    assert help_unread("-m", module) == (0, "")


@pytest.mark.parametrize("closed", ["1", "2"])
def test_a_stream_that_the_caller_closed_takes_no_exit_code_away(closed):
    body = "import sys\ndef main():\n    sys.stdout.isatty()\n    sys.stderr.isatty()\n    return 3\n"
    for end, code in ((ENDS["leave"], 3), (ENDS["exit"], 1)):  # the second one is the control
        shell = f'exec "$0" -c "$1" {closed}>&-'
        ended = subprocess.run(["/bin/sh", "-c", shell, sys.executable, body + end], check=False, **PIPES)
        assert ended.returncode == code


# --- UTF-8 whatever the locale ------------------------------------------------------------------------------------------------

ASCII = {
    **BUFFERED,
    "LC_ALL": "C",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONIOENCODING": "ascii",
}
ECHOES = "import sys\ndef main():\n    print(sys.stdin.read(), end='')\n    print('gr\\u00f6\\u00dfer', file=sys.stderr)\n    return 3\n"


@pytest.mark.parametrize("end", ENDS)
def test_streams_are_utf_8_whatever_the_locale(end):
    """The second end is the control: Python's own streams follow the locale."""
    script = [sys.executable, "-c", ECHOES + ENDS[end]]
    ended = subprocess.run(
        script, check=False, env=ASCII, input="Zoë 東京 💶\n".encode(), capture_output=True
    )
    if end == "leave":
        assert (ended.returncode, ended.stdout.decode()) == (3, "Zoë 東京 💶\n")
        assert ended.stderr.decode() == "größer\n"
    else:
        assert ended.returncode == 1
        assert b"UnicodeDecodeError" in ended.stderr


def program(name: str, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a program as the installed script does, in an ASCII locale."""
    module, _, function = PROGRAMS[name].partition(":")
    script = f"import sys; from {module} import {function}; sys.exit({function}())"
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, check=False, env=ASCII, input=given, capture_output=True)


def test_the_detector_answers_in_utf_8():
    ended = program(
        "leadmodel-privacy", "detect", given='{"text": "Zoë aus Köln: zoe@example.org"}\n'.encode()
    )
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert json.loads(ended.stdout)["text"] == "Zoë aus Köln: [EMAIL]"


def test_a_line_that_is_no_utf_8_is_left_out_by_its_number():
    ended = program("leadmodel-privacy", "detect", given=b'{"text": "Z\xeb"}\n{"text": "z@example.org"}\n')
    assert ended.returncode == 2
    assert json.loads(ended.stdout)["text"] == "[EMAIL]"
    assert ended.stderr.decode().startswith("leadmodel-privacy: line 1 is not an object")


def test_texts_are_enriched_in_utf_8():
    ended = program(
        "leadmodel-enrich", given='{"details": "Können Sie uns bitte ein Angebot schicken?"}\n'.encode()
    )
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert json.loads(ended.stdout)["details_language"] == "de"


def test_training_prints_the_names_of_columns(tmp_path):
    leads = tmp_path / "leads.csv"
    rows = [f"{i % 7},{i % 5},{int(i % 7 > 3) ^ (i % 11 == 0)}" for i in range(1200)]
    leads.write_text("\n".join(["größe,数量,y", *rows]), encoding="utf-8")
    ended = program("leadmodel-train", "--leads", str(leads), "--out", str(tmp_path / "out"))
    assert ended.returncode == 0, ended.stderr.decode()
    assert "größe" in ended.stderr.decode()
    assert "数量" in ended.stderr.decode()


def test_lint_prints_signs_and_names(tmp_path):
    manifest = tmp_path / "modèle.yaml"
    manifest.write_text(
        "apiVersion: customerops.dev/v1alpha1\nkind: LeadModel\nmetadata: {name: größe}\nspec: {}\n",
        encoding="utf-8",
    )
    ended = program("kubectl-leadmodel", "lint", str(manifest))
    assert ended.stdout.decode().startswith("✖ ")
    assert "größe" in ended.stdout.decode()
    assert b"Traceback" not in ended.stderr


# --- Ctrl-C while libraries are imported ---------------------------------------------------------------------------------------

INTERRUPTED = """
import sys
class Interrupts:
    seen = 0
    def find_spec(self, name, path=None, target=None):
        if "leadmodel_messages.interrupt" in sys.modules:
            self.seen += 1
            if self.seen == {at}:
                {before}
                raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupts())
from {module} import {function}
"""


def interrupted(name: str, at: int, before: str = "pass") -> tuple[int, str]:
    """Exit code and standard error of a program that a Ctrl-C meets when it imports its library number `at`."""
    module, _, function = PROGRAMS[name].partition(":")
    script = INTERRUPTED.format(module=module, function=function, at=at, before=before)
    ended = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    return ended.returncode, ended.stderr


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("at", [2, 12])
def test_a_ctrl_c_during_imports_ends_by_the_signal_and_says_nothing(name, at):
    assert interrupted(name, at) == (-signal.SIGINT, "")


def test_control_the_interpreters_own_words():
    code, errors = interrupted("leadmodel-train", 12, "sys.excepthook = sys.__excepthook__")
    assert code == -signal.SIGINT
    assert "Traceback" in errors
