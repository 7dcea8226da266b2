"""Runs a program that ends with the process which started the program, however that process ends.

`python -m leadmodel_local.state.tied PARENT COMMAND...` becomes the command; PARENT is the pid of the process that it belongs to.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Become the command, tied to the parent; without the kernel's help (not on Linux) become the command alone."""
    parent, command = int(arguments[0]), arguments[1:]
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))
        if os.getppid() != parent:  # it ended before the tie held
            sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606  # our own command


if __name__ == "__main__":
    main(sys.argv[1:])
