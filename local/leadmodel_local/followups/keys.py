"""What a cluster keeps in Secrets, as random values in files of the state folder that nobody but their owner may read."""

import secrets
from pathlib import Path

from leadmodel_local.state import files

FOLDER = ".secrets"  # no namespace begins with a dot


def keep(root: Path, namespace: str, secret: str, key: str) -> Path:
    """Return the file with the value of one key of a Secret; a value that is not there is made, and then stays.

    LeadModels that name the same Secret share the value, as on a cluster, so that an opt-out holds for all of them.
    """
    path = root / FOLDER / namespace / f"{secret}.{key}"
    if not path.exists():
        files.private_folder(root / FOLDER)
        files.write(path, secrets.token_hex(32) + "\n", private=True)
    return path
