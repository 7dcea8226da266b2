"""The finders of a configuration in order of certainty: numbers known by form, then numbers known by words, phones and names last."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from leadmodel_privacy import (
    addresses,
    dates,
    identity_documents,
    name_finder,
    network,
    payment_numbers,
    phones,
)
from leadmodel_privacy.configuration import Config
from leadmodel_privacy.scanned_text import ScannedText, Span

Finder: TypeAlias = Callable[[ScannedText], Iterator[Span]]

_ANYWHERE: tuple[tuple[str, Finder], ...] = (("URL", network.urls), ("EMAIL", network.emails))
_OF_NUMBERS: tuple[tuple[str, Finder], ...] = (
    ("IP", network.ip6s),
    ("VIN", identity_documents.license_plates),
    ("IBAN", payment_numbers.ibans),
    ("CREDIT_CARD", payment_numbers.cards),
    ("", identity_documents.numbers_by_form),
    ("", identity_documents.numbers_by_context),
    ("IP", network.ip4s),
    ("DOB", dates.births),
    ("ADDRESS", addresses.addresses),
)


class Finders:
    """The finders of the entities that are switched on.

    Attributes:
        without_digits: Those that find something in a text without a digit.
    """

    def __init__(self, config: Config) -> None:
        name = ("NAME", name_finder.finder(config))
        self.without_digits = _switched_on(config, *_ANYWHERE, name)
        self._first = _switched_on(config, *_ANYWHERE, ("MAC", network.macs))
        self._of_numbers = _switched_on(config, *_OF_NUMBERS, ("PHONE", phones.phones(config.regions)))
        self._last = _switched_on(config, name)

    def in_order(self, scanned: ScannedText) -> Iterable[Finder]:
        """The finders that a text needs, each once the spans of those before are claimed.

        When every number is claimed, the finders of numbers are left out: each of their spans holds the beginning of a number.
        """
        return self._while_unclaimed(scanned) if scanned.numbers else self.without_digits

    def _while_unclaimed(self, scanned: ScannedText) -> Iterator[Finder]:
        yield from self._first
        for finder in self._of_numbers:
            if not scanned.unclaimed_numbers():
                break
            yield finder
        yield from self._last


def _switched_on(config: Config, *finders: tuple[str, Finder]) -> tuple[Finder, ...]:
    return tuple(finder for entity, finder in finders if entity not in config.off)
