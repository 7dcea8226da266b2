"""Removes pip, setuptools, wheel and ensurepip below a folder: `prune.py FOLDER`. Runs in the base image, with nothing but Python."""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

FOLDERS = re.compile(r"bin|(site|dist)-packages|python3?(\.\d+)?|python-wheels")
INSTALLERS = re.compile(
    r"(pip|setuptools|wheel|pkg_resources|ensurepip|easy_install|_distutils_hack|distutils-precedence)"
    r"[\d.]*(-.*)?(\.(pth|py))?"
)
KERNEL = {"proc", "sys", "dev"}


def installers(root: Path) -> Iterator[Path]:
    """Files and folders of installers below a folder, in the places where Python and Debian keep them."""
    for folder, folders, files in os.walk(root):
        if Path(folder) == root:
            folders[:] = [name for name in folders if name not in KERNEL]
        if FOLDERS.fullmatch(Path(folder).name):
            of_installers = [name for name in [*folders, *files] if INSTALLERS.fullmatch(name)]
            folders[:] = [name for name in folders if name not in of_installers]
            yield from (Path(folder, name) for name in sorted(of_installers))


def remove(root: Path) -> None:
    """Remove the installers below a folder, and this program where it stands right in that folder."""
    for path in list(installers(root)):
        print(path)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    if Path(__file__).parent == root:
        Path(__file__).unlink()


if __name__ == "__main__":
    remove(Path(sys.argv[1]))
