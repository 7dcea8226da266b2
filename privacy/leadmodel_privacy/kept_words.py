"""Words that are nobody's name: the team's own companies and products, as the configuration lists them under `keep`."""

import re
from collections.abc import Iterator

from leadmodel_privacy.normalization import lowercase, normalize

_WORD = re.compile(r"\w+")


class KeptWords:
    """Finds listed words and phrases as whole words, whatever their capitals, in one pass over a text."""

    def __init__(self, entries: tuple[str, ...]) -> None:
        self._by_first_word: dict[str, list[str]] = {}
        for entry in sorted(
            {lowercase(normalize(entry)[0]) for entry in entries}, key=lambda e: (-len(e), e)
        ):
            if first := _WORD.match(entry):
                self._by_first_word.setdefault(first.group(), []).append(entry)

    def places(self, low: str) -> Iterator[tuple[int, int]]:
        """Start and end of each listed phrase in a text of small letters; the longest phrase wins."""
        if not self._by_first_word:
            return
        for word in _WORD.finditer(low):
            start = word.start()
            for phrase in self._by_first_word.get(word.group(), ()):
                end = start + len(phrase)
                if low.startswith(phrase, start) and not (
                    phrase[-1:].isalnum() and low[end : end + 1].isalnum()
                ):
                    yield start, end
                    break
