"""Secrets of a channel, one file per key as Kubernetes mounts them. Each is read at each use, so a rotation needs no restart."""

import re
from pathlib import Path

_KEY = re.compile(r"[A-Za-z][A-Za-z0-9]{0,62}")
_LONGEST = 8192  # bytes; the longest access tokens have some hundreds


class MissingSecret(Exception):  # noqa: N818  # an outcome
    """A secret is not there, is empty, or is no text of one line; the exception holds its key and never its value."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class SecretFolder:
    """A folder with one file per key."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, key: str) -> str:
        """Return the secret as it is now, without white space around it.

        Raises:
            MissingSecret: No such file, or its text is empty, has more than one line or other characters than printable ASCII.
        """
        try:
            with (self._path / _name(key)).open("rb", buffering=0) as file:
                text = file.read(_LONGEST + 1).strip().decode("ascii")
        except (OSError, UnicodeDecodeError):
            raise MissingSecret(key) from None
        if not text or len(text) > _LONGEST or not text.isprintable():
            raise MissingSecret(key)
        return text

    def find(self, key: str) -> str | None:
        """Return a secret that may be left out, None where there is no file for it.

        Raises:
            MissingSecret: The file is there, and `read` refuses what it holds.
        """
        return self.read(key) if (self._path / _name(key)).exists() else None


def _name(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError("the key of a secret is a word of letters and digits")
    return key
