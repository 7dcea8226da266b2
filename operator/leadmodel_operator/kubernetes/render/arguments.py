"""How a container starts: program and arguments such that the program gets exactly what is written. Pure.

Kubelet replaces `$(NAME)` in command and arguments by the container's variable NAME, and the variables of Jobs are Secrets. What a
store, a pod or a person wrote therefore never reaches an argument but through this module.
"""

from collections.abc import Sequence

from leadmodel_operator.kubernetes.render.names import Object


def start(program: str, arguments: Sequence[str]) -> Object:
    """Return command and arguments of a container, in which kubelet finds nothing to replace."""
    return {"command": [literal(str(program))], "args": [literal(argument) for argument in arguments]}


def literal(argument: str) -> str:
    """Double each `$`, of which kubelet makes one again."""
    return argument.replace("$", "$$")
