"""Reads lists of words that stand in the code as one line of text."""


def words(text: str) -> frozenset[str]:
    """The words of a text, for looking up."""
    return frozenset(text.split())


def phrases(text: str) -> tuple[str, ...]:
    """What stands between bars, in order."""
    return tuple(text.split("|"))
