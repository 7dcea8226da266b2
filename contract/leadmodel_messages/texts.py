"""Texts from outside as the project records and shows them: one line, printable, of a bounded length.

A message of a pod, a store or the API server ends in status, logs and terminals. Control characters would move a terminal's cursor,
and half a surrogate pair cannot be written at all.
"""

ETAG_LIMIT = 256


def one_line(text: str, limit: int) -> str:
    """Give the first `limit` characters with white space as blanks and other characters that cannot be printed as U+FFFD."""
    cut = text[:limit]
    if cut.isprintable():
        return cut
    return "".join(map(_printable, cut))


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character.isspace() else "\N{REPLACEMENT CHARACTER}"


def usable_etag(etag: str | None) -> str | None:
    """Give an ETag that can be sent back to its store; None for one that is no short line of printable ASCII.

    Without its ETag a store is asked unconditionally, which costs a transfer and loses nothing.
    """
    fits = etag is not None and 0 < len(etag) <= ETAG_LIMIT and etag.isascii() and etag.isprintable()
    return etag if fits else None
