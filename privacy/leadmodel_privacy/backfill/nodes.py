"""One primary: many commands in few round trips, raw replies, errors as values.

Node converts no reply and never reconnects by itself, because a SCAN cursor does not survive every reconnect: the caller does.
Node follows a key that moved to another node of a cluster, and loads the scripts into a server that does not know them.
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

from leadmodel_privacy.backfill.errors import Refused, ServerUnavailable
from leadmodel_privacy.backfill.scripts import Script

Command = tuple[Any, ...]
AT_ONCE = 16  # commands sent together; the server answers no other client until it has done them all
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
    """The first word of a server's error, without the rest, which may hold arguments."""
    match = _CODE.match(str(error))
    return match[0] if match else type(error).__name__


_RIGHTS = ("NOPERM", "No permissions", "no permissions", "user executing the script")
_COMMAND = re.compile(r"'([a-z|.]{1,32})'")


def refused(error: Exception) -> Refused:
    """The Refused for an error of the server; of its text only the name of a command is kept."""
    text = str(error)
    if isinstance(error, NoPermissionError) or any(sign in text for sign in _RIGHTS):
        match = _COMMAND.search(text)
        denied = f"the command {match[1]}" if match else "a command or a key that it needs"
        return Refused(f"the Redis user may not use {denied}; give it the rights that docs/backfill.md lists")
    return Refused(f"the server refused a command ({code_of(error)})")


@dataclass
class Node:
    """One primary.

    Attributes:
        name: Id of the node in a cluster, else a fixed word.
        client: The redis-py client whose connections are used.
        scripts: The Lua scripts by name.
        reach: Returns the node of the cluster at a host and port; None outside a cluster.
        waited_s: Seconds spent on round trips so far.
        clock: Seconds of a monotonic clock.
    """

    name: str
    client: "redis.Redis"
    scripts: dict[str, Script]
    reach: Callable[[str, int], "Node"] | None = None
    waited_s: float = field(default=0, compare=False)
    clock: Callable[[], float] = field(default=lambda: 0.0, compare=False)

    def script(self, name: str, keys: Sequence[bytes | str], *arguments: Any) -> Command:
        """The command that calls a script by its digest."""
        return ("EVALSHA", self.scripts[name].digest, len(keys), *keys, *arguments)

    def run(self, commands: Sequence[Command]) -> list[Any]:
        """Raw replies to the commands, in order; an error that concerns one command is its reply.

        Raises:
            ServerUnavailable: The server cannot be reached or cannot serve now.
            Refused: The user lacks a right, or the password is wrong.
        """
        if not commands:
            return []
        replies = []
        for start in range(0, len(commands), AT_ONCE):
            replies += self.exchange(commands[start : start + AT_ONCE])
        unknown = [i for i, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
        if unknown:
            self._load_scripts()
            for i, reply in zip(unknown, self.exchange([commands[i] for i in unknown]), strict=True):
                replies[i] = reply
        return [
            self._settled(command, reply) if isinstance(reply, Exception) else reply
            for command, reply in zip(commands, replies, strict=True)
        ]

    def one(self, *command: Any) -> Any:
        """The reply to one command.

        Raises:
            Refused: The reply is an error.
            ServerUnavailable: The server cannot be reached or cannot serve now.
        """
        reply = self.run([command])[0]
        if isinstance(reply, Exception):
            raise refused(reply) from None
        return reply

    def _load_scripts(self) -> None:
        self.exchange([("SCRIPT", "LOAD", script.text) for script in self.scripts.values()])

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
        """The reply of the node to which a key moved, over at most five redirections. redis-py's MovedError is an AskError."""
        assert self.reach is not None
        for _ in range(_HOPS):
            asking: list[Command] = [] if isinstance(error, MovedError) else [("ASKING",)]
            target = self.reach(error.host, error.port)
            reply = target.exchange([*asking, command])[-1]
            if isinstance(reply, NoScriptError):
                target._load_scripts()  # noqa: SLF001
                reply = target.exchange([*asking, command])[-1]
            if not isinstance(reply, AskError):
                return target._settled(command, reply) if isinstance(reply, Exception) else reply  # noqa: SLF001
            error = reply
        raise ServerUnavailable("the cluster sends a key round in circles")

    def exchange(self, commands: Sequence[Command]) -> list[Any]:
        """Send the commands over one connection and read their raw replies; an error of a command is its reply.

        Raises:
            ServerUnavailable: The server cannot be reached or went away.
            Refused: The login is wrong.
        """
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
