"""Our globs against the server's own KEYS."""

import pytest

from leadmodel_privacy.backfill.globs import compiled, server_match

PATTERNS = [
    "*", "chat:*", "chat:?", "chat:[ab]", "chat:[^a]", "chat:[a-c]x", "chat:[c-a]x", "chat:\\*", "*:a", "chat:[\\]]",
    "c*t:*a*", "chat:[]", "chat:", "chat:[a", "x", "chat:a|b", "chat:(.)", "chat:[-a]", "chat:[^]", "ch\\at:a",
]  # fmt: skip
KEYS = [
    "chat:a", "chat:b", "chat:*", "chat:]", "chat:ax", "chat:bx", "chat:dx", "chat:", "x", "chat:a|b", "chat:(.)",
    "other:a", "chat:\n", "chat:-", "chat:[a", "chat:ä",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_as_the_server_matches(shared_valkey, pattern):
    shared_valkey.mset(dict.fromkeys(KEYS, ""))
    ours = {key for key in KEYS if compiled([pattern]).fullmatch(key.encode())}
    assert ours == {key.decode() for key in shared_valkey.keys(pattern)}


def test_several_patterns_share_one_scan():
    assert server_match(("chat:a*", "chat:b?")) == b"chat:*"
    assert server_match(("chat:*", "x")) == b"*"
    assert server_match(("chat:[ab]",)) == b"chat:[ab]"
    assert compiled(["a*", "b"]).fullmatch(b"b")
