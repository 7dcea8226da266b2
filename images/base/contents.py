"""Prints what an image holds beside the project's packages, as JSON: Python, the distribution, Debian's packages. Runs in the image."""

import json
import platform
import sys
from pathlib import Path


def text(path: Path) -> str:
    """The text of a file, empty where there is none."""
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def main() -> None:
    """Print the versions and the status files of dpkg; images without a package manager keep one file per package."""
    dpkg = Path("/var/lib/dpkg")
    parts = [path for path in sorted(dpkg.glob("status.d/*")) if path.suffix != ".md5sums"]
    contents = {
        "python": platform.python_version(),
        "prefix": sys.base_prefix,
        "release": text(Path("/etc/os-release")),
        "dpkg": "\n\n".join(map(text, [dpkg / "status", *parts])),
    }
    print(json.dumps(contents))


main()
