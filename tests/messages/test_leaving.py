"""A program whose answer is written keeps its exit code, whatever a library does while the interpreter takes itself apart."""

import os
import signal
import subprocess
import sys

import pytest

# A library that crashes while the interpreter ends, after the program has answered.
CRASHES = "import atexit, os, signal, sys; atexit.register(os.kill, os.getpid(), signal.SIGSEGV)\n"
ENDS = {"leave": "from leadmodel_messages.leaving import leave; leave(main)", "exit": "sys.exit(main())"}


def run(main: str, end: str, **pipes: int) -> subprocess.CompletedProcess[str]:
    script = f"{CRASHES}{main}\n{ENDS[end]}"
    return subprocess.run([sys.executable, "-c", script], check=False, text=True, **(pipes or PIPES))


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


def test_output_that_nobody_takes_is_no_success():
    read, write = os.pipe()
    os.close(read)
    ended = run(ANSWERS.replace("3", "0"), "leave", stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert ended.returncode in {1, 120}  # where output is not buffered, the program itself fails


@pytest.mark.parametrize("closed", ["1", "2"])
def test_a_stream_that_the_caller_closed_takes_no_exit_code_away(closed):
    body = "import sys\ndef main():\n    sys.stdout.isatty()\n    sys.stderr.isatty()\n    return 3\n"
    for end, code in ((ENDS["leave"], 3), (ENDS["exit"], 1)):  # the second one is the control
        shell = f'exec "$0" -c "$1" {closed}>&-'
        ended = subprocess.run(["/bin/sh", "-c", shell, sys.executable, body + end], check=False, **PIPES)
        assert ended.returncode == code
