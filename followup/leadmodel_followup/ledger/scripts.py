"""The Lua scripts of the ledger, from the `lua` folder beside this module."""

from importlib.resources import files

NAMES = ("create", "claim", "begin", "settle", "overdue", "consent", "stop", "cancel", "erase")


def load() -> dict[str, str]:
    """The text of each script by name, with what all share in front."""
    folder = files("leadmodel_followup.ledger").joinpath("lua")
    common = folder.joinpath("common.lua").read_text()
    return {name: common + folder.joinpath(f"{name}.lua").read_text() for name in NAMES}
