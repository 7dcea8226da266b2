"""Run pytest; a few tests that fail beside others run once more, alone, as their programs may be late on a busy machine.

`python tests/support/retry_alone.py ARGUMENTS OF PYTEST`. Whatever passes only then is named at the end: look into it. More than MOST
failures, or a run that broke off, count at once.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

MOST = 5
ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> int:
    """Run pytest with these arguments from the project's folder, and failures alone; the exit code."""
    with tempfile.TemporaryDirectory() as kept:
        command = (sys.executable, "-m", "pytest", *arguments, "-o", f"cache_dir={kept}")
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
        record = Path(kept, "v/cache/lastfailed")
        failed = sorted(json.loads(record.read_text())) if record.exists() else []
        if code != 1 or not 0 < len(failed) <= MOST:
            return code
        print("\nFailed beside others, once more alone:", *failed, sep="\n  ", flush=True)
        again = (*command, "-n", "0", "--last-failed", "--last-failed-no-failures", "none")
        code = subprocess.run(again, cwd=ROOT, check=False).returncode
        if code == 0:
            print("\nPassed only alone:", *failed, sep="\n  ", flush=True)
        return code


if __name__ == "__main__":
    sys.exit(run(*sys.argv[1:]))
