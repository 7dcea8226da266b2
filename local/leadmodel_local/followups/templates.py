"""Texts of a ConfigMap as a folder of files, put in place at once as a kubelet does."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from leadmodel_local.state import files

_PREFIX = ".texts-"


def put(link: Path, texts: Mapping[str, str]) -> None:
    """Make `link` a folder with these files by name; a reader sees the files of before or these, never a part of them."""
    digest = hashlib.sha256(json.dumps(dict(texts), sort_keys=True).encode()).hexdigest()
    folder = link.with_name(_PREFIX + digest[:16])
    if link.is_symlink() and link.readlink() == Path(folder.name):
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        files.write(folder / name, text)
    beside = link.with_name(f".{link.name}")
    beside.unlink(missing_ok=True)
    beside.symlink_to(folder.name)
    beside.replace(link)
    for other in link.parent.glob(f"{_PREFIX}*"):
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
