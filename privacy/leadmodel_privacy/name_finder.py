"""The finder of NAME as the configuration sets it: cues, then the tagger where asked for, without the words that the team keeps."""

from collections.abc import Callable, Iterator

from leadmodel_privacy.configuration import Config
from leadmodel_privacy.kept_words import KeptWords
from leadmodel_privacy.name_tagger import SHIFTS, tagger
from leadmodel_privacy.names import names
from leadmodel_privacy.scanned_text import ScannedText, Span


def finder(config: Config) -> Callable[[ScannedText], Iterator[Span]]:
    """The finder of names for a configuration; the tagger's files are read with the first text."""
    kept_words = KeptWords(config.keep)

    def find(scanned: ScannedText) -> Iterator[Span]:
        places = list(kept_words.places(scanned.low)) if config.keep else []
        for start, end, entity in names(scanned):
            yield from _cut(scanned.text, (start, end, entity), places)
        if config.names != "cues":
            yield from tagger().names(scanned, places, SHIFTS[config.names])

    return names if config.names == "cues" and not config.keep else find


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
