"""The Lua scripts of the ledger, from the `lua` folder beside this module."""

from importlib.resources import files
from typing import Any

COMMON = ("common.lua",)
PEOPLE = (*COMMON, "people.lua")
NAMES = {
    "key": COMMON,
    "create": PEOPLE,
    "claim": COMMON,
    "begin": PEOPLE,
    "settle": PEOPLE,
    "overdue": COMMON,
    "post": COMMON,
    "event": PEOPLE,
    "consent": COMMON,
    "stop": PEOPLE,
    "start": PEOPLE,
    "cancel": PEOPLE,
    "erase": PEOPLE,
    "history": COMMON,
    "overview": COMMON,
}


def load() -> dict[str, str]:
    """The text of each script by name, with what it shares in front."""
    folder = files("leadmodel_followup.ledger").joinpath("lua")
    return {
        name: "".join(folder.joinpath(part).read_text("utf-8") for part in (*shared, f"{name}.lua"))
        for name, shared in NAMES.items()
    }


def decoded(reply: Any) -> Any:
    """An answer of a script with texts in place of bytes."""
    if isinstance(reply, bytes):
        return reply.decode()
    return [decoded(value) for value in reply] if isinstance(reply, list) else reply
