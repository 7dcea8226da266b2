"""Run pytest; files with a few failed tests run once more, beside nothing, as their programs may be late on a busy machine.

`python tests/support/retry_alone.py ARGUMENTS OF PYTEST`. A file runs as a whole, for its tests may be one story. Whatever passes only
then is named at the end: look into it. More than MOST failures, or a run that broke off, count at once.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

MOST = 5
ROOT = Path(__file__).parents[2]


def run(*arguments: str, root: Path = ROOT) -> int:
    """Run pytest with these arguments from this folder, and files with failures alone; the exit code."""
    with tempfile.TemporaryDirectory() as kept:
        command = (sys.executable, "-m", "pytest", "-o", f"cache_dir={kept}")
        code = subprocess.run((*command, *arguments), cwd=root, check=False).returncode
        record = Path(kept, "v/cache/lastfailed")
        failed = sorted(json.loads(record.read_text())) if record.exists() else []
        if code != 1 or not 0 < len(failed) <= MOST:
            return code
        print("\nFailed beside others, their files once more alone:", *failed, sep="\n  ", flush=True)
        options = [word for word in arguments if word.startswith("-") or not Path(root, word).exists()]
        files = sorted({name.partition("::")[0] for name in failed})
        code = subprocess.run((*command, *options, "-n", "0", *files), cwd=root, check=False).returncode
        if code == 0:
            print("\nPassed only alone:", *failed, sep="\n  ", flush=True)
        return code


if __name__ == "__main__":
    sys.exit(run(*sys.argv[1:]))
