"""The bearer token of the intake, read from its file at each call, so that a new token holds without a restart."""

import hmac
from dataclasses import dataclass
from pathlib import Path

_SCHEME = "Bearer "


class NoToken(Exception):  # noqa: N818  # an outcome
    """The file of the token cannot be read or is empty: nobody may call the intake."""


@dataclass(frozen=True)
class Token:
    """A token in a file."""

    path: Path

    def fits(self, header: str) -> bool:
        """Whether an `Authorization` header has the token.

        Raises:
            NoToken: There is no token to compare with.
        """
        try:
            token = self.path.read_bytes().strip()
        except OSError:
            raise NoToken from None
        if not token:
            raise NoToken
        given = header.removeprefix(_SCHEME) if header.startswith(_SCHEME) else ""
        return hmac.compare_digest(given.strip().encode("utf-8", "replace"), token)
