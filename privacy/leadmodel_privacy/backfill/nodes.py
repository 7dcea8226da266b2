"""One primary: many commands in few round trips, raw replies, errors as values.

No conversion and no silent second try: a reconnect is the caller's business, because a cursor does not survive every one. What a key's
move to another node of a cluster takes is done here.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import redis
from redis.exceptions import (
    AskError,
    AuthenticationError,
    BusyLoadingError,
    ClusterDownError,
    MasterDownError,
    MovedError,
    NoPermissionError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
    TryAgainError,
)

from leadmodel_privacy.backfill.outcomes import Refused, ServerUnavailable
from leadmodel_privacy.backfill.scripts import Script

Command = tuple[Any, ...]
AT_ONCE = 16  # commands that the server is sent together: it answers nobody else until it has done them
AWAY = (
    redis.ConnectionError,
    redis.TimeoutError,
    BusyLoadingError,
    ClusterDownError,
    MasterDownError,
    OutOfMemoryError,
    ReadOnlyError,
    TryAgainError,
    OSError,
)
_HOPS = 5
_CODE = re.compile(r"[A-Z][A-Z0-9]{2,20}")


def code_of(error: Exception) -> str:
    """The first word of a server's error: the rest may hold arguments."""
    found = _CODE.match(str(error))
    return found[0] if found else type(error).__name__


_RIGHTS = ("NOPERM", "No permissions", "no permissions", "user executing the script")
_COMMAND = re.compile(r"'([a-z|.]{1,32})'")


def refused(error: Exception) -> Refused:
    """An answer that says no, without its text: only the name of a command is taken from it."""
    text = str(error)
    if isinstance(error, NoPermissionError) or any(sign in text for sign in _RIGHTS):
        match = _COMMAND.search(text)
        what = f"the command {match[1]}" if match else "a command or a key that it needs"
        return Refused(f"the Redis user may not use {what}; give it the rights that docs/backfill.md lists")
    return Refused(f"the server refused a command ({code_of(error)})")


@dataclass
class Node:
    """One primary. `run` sends commands in one round trip and returns raw replies, errors among them."""

    name: str
    client: "redis.Redis"
    scripts: dict[str, Script]
    reach: Callable[[str, int], "Node"] | None = None  # another node of the cluster
    waited_s: float = field(default=0, compare=False)
    clock: Callable[[], float] = field(default=lambda: 0.0, compare=False)

    def script(self, name: str, keys: Sequence[bytes | str], *arguments: Any) -> Command:
        """A call of one of our scripts."""
        return ("EVALSHA", self.scripts[name].digest, len(keys), *keys, *arguments)

    def run(self, commands: Sequence[Command]) -> list[Any]:
        """Raw replies. Raises ServerUnavailable when the server is or goes away, Refused when it may never answer."""
        if not commands:
            return []
        replies = []
        for start in range(0, len(commands), AT_ONCE):
            replies += self._raw(commands[start : start + AT_ONCE])
        if any(isinstance(reply, NoScriptError) for reply in replies):
            self._raw([("SCRIPT", "LOAD", script.text) for script in self.scripts.values()])
            again = [i for i, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
            for i, reply in zip(again, self._raw([commands[i] for i in again]), strict=True):
                replies[i] = reply
        return [
            self._settled(command, reply) if isinstance(reply, Exception) else reply
            for command, reply in zip(commands, replies, strict=True)
        ]

    def one(self, *command: Any) -> Any:
        """The reply of one command; its error is raised as Refused."""
        reply = self.run([command])[0]
        if isinstance(reply, Exception):
            raise refused(reply) from None
        return reply

    def _settled(self, command: Command, error: Exception) -> Any:
        if isinstance(error, (MovedError, AskError)) and self.reach is not None:
            return self._follow(command, error)
        if isinstance(error, AWAY) or code_of(error) in {
            "OOM",
            "MISCONF",
            "NOREPLICAS",
            "UNKILLABLE",
            "BUSY",
        }:
            raise ServerUnavailable(f"the server cannot serve now ({code_of(error)})") from None
        if isinstance(error, (NoPermissionError, AuthenticationError)):
            raise refused(error) from None
        return error

    def _follow(self, command: Command, error: AskError) -> Any:
        """Where a key moved to; MovedError is an AskError."""
        assert self.reach is not None
        for _ in range(_HOPS):
            asking: list[Command] = [] if isinstance(error, MovedError) else [("ASKING",)]
            there = self.reach(error.host, error.port)
            reply = there._raw([*asking, command])[-1]  # noqa: SLF001  # another one of us
            if isinstance(reply, NoScriptError):
                there._raw([("SCRIPT", "LOAD", script.text) for script in self.scripts.values()])  # noqa: SLF001
                reply = there._raw([*asking, command])[-1]  # noqa: SLF001
            if not isinstance(reply, AskError):
                return there._settled(command, reply) if isinstance(reply, Exception) else reply  # noqa: SLF001
            error = reply
        raise ServerUnavailable("the cluster sends a key round in circles")

    def _raw(self, commands: Sequence[Command]) -> list[Any]:
        pool = self.client.connection_pool
        began = self.clock()
        try:
            connection: Any = pool.get_connection()
        except AuthenticationError as error:
            raise refused(error) from None
        except AWAY as error:
            raise ServerUnavailable(f"{self.name} cannot be reached ({type(error).__name__})") from None
        try:
            _send(connection, commands)
            return [_reply(connection) for _ in commands]
        except AWAY as error:
            connection.disconnect()
            raise ServerUnavailable(f"{self.name} went away ({type(error).__name__})") from None
        except BaseException:
            connection.disconnect()
            raise
        finally:
            pool.release(connection)
            self.waited_s += self.clock() - began


def _send(connection: Any, commands: Sequence[Command]) -> None:
    connection.send_packed_command(connection.pack_commands(commands), check_health=False)


def _reply(connection: Any) -> Any:
    try:
        return connection.read_response(disable_decoding=True)
    except ResponseError as error:
        return error
    except (redis.ConnectionError, redis.TimeoutError):
        raise
    except redis.RedisError as error:
        return error
