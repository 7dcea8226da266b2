"""How a program begins and ends: its streams are UTF-8, its answer is written, and no library can take the exit code away.

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
    """Run a program's `main` on streams of UTF-8, flush what it wrote, and end the process without the interpreter's own end.

    A reader of the output that goes away, such as `head -1`, is no failure: the rest is for nobody. A Ctrl-C ends the process as ever.
    Nothing is cleaned up after `main`: no `atexit`, no destructor.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # the caller closed it: what goes there is for nobody
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123  # open to the end
    _speak_utf8()
    code = _code_of(main)
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        pass
    except (OSError, ValueError):
        code = code or _UNWRITTEN
    os._exit(code)


def _speak_utf8() -> None:
    """Read and write UTF-8 whatever the locale, so that a text is one text on every machine.

    Bytes that are no UTF-8 are read as lone surrogates, and what UTF-8 cannot hold is written as an escape: a program says what is wrong
    with a line instead of ending at it.
    """
    for stream, errors in (
        (sys.stdin, "surrogateescape"),
        (sys.stdout, "backslashreplace"),
        (sys.stderr, "backslashreplace"),
    ):
        if stream is not None:  # the caller closed it
            stream.reconfigure(encoding="utf-8", errors=errors)  # type: ignore[union-attr]  # text streams, at the start


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
