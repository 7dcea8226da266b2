"""Importing this module lets a Ctrl-C end the process without a traceback, also while a program still imports its libraries.

The entry module of each program imports it before all else. Python itself then ends the process by the signal, as a shell expects.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from types import TracebackType

_BEFORE = sys.excepthook


def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Show an exception that nobody caught, unless it is a Ctrl-C."""
    if not issubclass(kind, KeyboardInterrupt):
        _BEFORE(kind, error, trace)


sys.excepthook = show
