"""How a program ends: its answer is written, and threads of a library cannot take the exit code away.

The library of the object stores has threads that go on while the interpreter takes itself apart, which ends some processes by a signal
long after the answer was written. A program that may have used a store therefore leaves at once.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

_UNWRITTEN = 120  # what Python itself answers when its output cannot be written


def leave(main: Callable[[], int]) -> NoReturn:
    """Run a program's `main`, flush what it wrote, and end the process without the interpreter's own end.

    A reader of the output that goes away, such as `head -1`, is no failure: the rest is for nobody. A Ctrl-C ends the process as ever.
    Nothing is cleaned up after `main`: no `atexit`, no destructor.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # the caller closed it: what goes there is for nobody
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115, PTH123  # open to the end
    code = _code_of(main)
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        pass
    except (OSError, ValueError):
        code = code or _UNWRITTEN
    os._exit(code)


def _code_of(main: Callable[[], int]) -> int:
    """Run `main`; its exit code, also where it ends by an exception."""
    try:
        return main()
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)  # noqa: T201  # as Python itself does
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except Exception as error:  # noqa: BLE001  # as Python itself does
        if isinstance(error, BrokenPipeError) and _reader_is_gone():
            return 0
        sys.excepthook(*sys.exc_info())
        return 1


def _reader_is_gone() -> bool:
    """Whether nobody reads the standard output any more; another pipe or socket may have broken as well."""
    import select

    poll = select.poll()
    poll.register(1, 0)
    return bool(poll.poll(0))
