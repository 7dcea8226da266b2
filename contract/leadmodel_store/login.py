"""One way to log in to a cloud's store, as obstore takes it.

`aws.py`, `azure.py` and `google.py` each take the first way for which every variable is set, and pass on the settings of that way and
no others: what a person put into a Secret wins over what the platform put into the pod. Variables that mean nothing are left alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass

NOTHING = "nothing to log in with"
CHECK = "check the Secret"


@dataclass(frozen=True)
class Way:
    """Who logs in: as a sentence names the means, and by obstore's settings."""

    means: str
    settings: Mapping[str, str]
    remedy: str = CHECK
    asks: bool = False  # a service of the platform is asked for credentials first
    assumed: bool = False  # no variable names this way: no other one was left


@dataclass(frozen=True)
class Login:
    """Who logs in, and where: the settings of both, and how the store's certificate is trusted."""

    way: Way
    place: Mapping[str, str]
    certificate: str = ""  # authorities to trust besides the system's, in PEM
    plain: bool = False  # http:// is allowed

    @property
    def settings(self) -> dict[str, str]:
        """All settings, by obstore's names."""
        return {**self.place, **self.way.settings}


def filled(**settings: str | bool) -> dict[str, str]:
    """Keep the settings that are given, as obstore wants them: as texts."""
    return {name: "true" if value is True else str(value) for name, value in settings.items() if value}
