"""Builds the word lists of the finders from text, in which words are separated by spaces and phrases by bars."""


def word_set(text: str) -> frozenset[str]:
    """The words of a text, as a set for lookups."""
    return frozenset(text.split())


def phrase_list(text: str) -> tuple[str, ...]:
    """The phrases between the bars, in order."""
    return tuple(text.split("|"))


def contains_any(text: str, parts: tuple[str, ...]) -> bool:
    """True if any of the parts is in the text; a plain loop, because every text is searched."""
    for part in parts:  # noqa: SIM110 (a generator takes twice as long)
        if part in text:
            return True
    return False
