"""The finder of NAME as the configuration sets it: names after a cue, without the words that the team keeps."""

from collections.abc import Callable, Iterator

from leadmodel_privacy.configuration import Config
from leadmodel_privacy.kept_words import KeptWords
from leadmodel_privacy.names import names
from leadmodel_privacy.scanned_text import ScannedText, Span


def finder(config: Config) -> Callable[[ScannedText], Iterator[Span]]:
    """The finder of names for a configuration."""
    if not config.keep:
        return names
    kept_words = KeptWords(config.keep)

    def without_kept_words(scanned: ScannedText) -> Iterator[Span]:
        places = list(kept_words.places(scanned.low))
        for start, end, entity in names(scanned):
            yield from _cut(scanned.text, (start, end, entity), places)

    return without_kept_words


def _cut(text: str, span: Span, places: list[tuple[int, int]]) -> Iterator[Span]:
    """The parts of a span that lie between kept words."""
    start, end, entity = span
    for first, last in places:
        if first < end and start < last:
            yield from _trimmed(text, start, first, entity)
            start = max(start, last)
    yield from _trimmed(text, start, end, entity)


def _trimmed(text: str, start: int, end: int, entity: str) -> Iterator[Span]:
    part = text[start:end]
    if stripped := part.strip(" -'."):
        start += part.index(stripped)
        yield start, start + len(stripped), entity
