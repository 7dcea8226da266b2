"""The words by which people opt out and in: a whole message is one of them, or it is a reply."""

import re

from leadmodel_followup.ledger.events import Kind

STOP = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"})
START = frozenset({"start", "yes", "unstop"})


def kinds(text: str) -> tuple[Kind, ...]:
    """What a message means by its words alone. A word to start is a reply, too: a person wrote it."""
    word = re.sub(r"[\W_]+", "", text[:80]).casefold() if len(text) <= 80 else ""
    if word in STOP:
        return (Kind.OPTED_OUT,)
    return (Kind.REPLIED, Kind.OPTED_IN) if word in START else (Kind.REPLIED,)
