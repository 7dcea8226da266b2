"""Lua as Argo CD runs it from argocd-cm: version 5.1 with base and table; a harmless os only by `require`; no string, no math."""

from pathlib import Path
from typing import Any

from lupa.lua51 import LuaRuntime, lua_type

SCRIPTS = Path(__file__).parents[2] / "charts" / "leadmodel" / "files" / "argocd"
_NARROW = """
getmetatable("").__index = nil
local safe = {time = os.time, date = os.date}
string, math, io, debug, os, dofile, loadfile, package = nil
require = function(name) return name == "os" and safe or error("module " .. name .. " not found") end
getmetatable = nil
"""


def run(script: str, lead_model: dict[str, Any]) -> Any:
    """What a script of ours answers for an object."""
    lua = LuaRuntime(register_eval=False, register_builtins=False)
    lua.execute(_NARROW)
    lua.globals().obj = _to_lua(lua, lead_model)
    return _from_lua(lua.execute((SCRIPTS / script).read_text()))


def _to_lua(lua: LuaRuntime, value: Any) -> Any:
    if isinstance(value, dict):
        return lua.table_from({k: _to_lua(lua, v) for k, v in value.items() if v is not None})
    if isinstance(value, list):
        return lua.table_from([_to_lua(lua, v) for v in value])
    return value


def _from_lua(value: Any) -> Any:
    """Tables as Argo CD reads them back: an empty one becomes a list."""
    if lua_type(value) != "table":
        return value
    keys = list(value.keys())
    if all(isinstance(key, int) for key in keys):
        return [_from_lua(value[key]) for key in sorted(keys)]
    return {key: _from_lua(value[key]) for key in keys}
