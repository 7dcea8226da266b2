"""Runs a program in a process of its own whose CPU time is limited, and measures its memory.

The memory of the engine of regular expressions is seen by the process alone, and only a limit of the process ends a search.
"""

import resource
import signal
import subprocess
import sys

# not what `getrusage` says: that begins with the memory of the process which started this one
_MEASURE = "\nprint(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')).split()[1])"


def peak_memory(program: str, cpu_seconds: int) -> int | None:
    """The most memory of a process that runs a program, in bytes; None if its CPU time is used up first.

    Raises:
        CalledProcessError: The program failed of itself.
    """

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 5))

    command = [sys.executable, "-c", program + _MEASURE]
    done = subprocess.run(command, capture_output=True, preexec_fn=limit, check=False)
    if done.returncode in {-signal.SIGXCPU, -signal.SIGKILL}:
        return None
    done.check_returncode()
    return int(done.stdout) * 1024
