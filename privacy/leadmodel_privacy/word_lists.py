"""Reads lists of words that stand in the code as one line of text."""


def word_set(text: str) -> frozenset[str]:
    """The words of a text, for looking up."""
    return frozenset(text.split())


def phrase_list(text: str) -> tuple[str, ...]:
    """What stands between bars, in order."""
    return tuple(text.split("|"))


def contains_any(text: str, parts: tuple[str, ...]) -> bool:
    """Whether any of the parts is in the text; a plain loop, as it is asked of every text."""
    for part in parts:  # noqa: SIM110 (a generator takes twice as long)
        if part in text:
            return True
    return False
