"""Reads the packages' data: counts of words and letters per language, translated texts, and VADER's valences."""

import gzip
import importlib.util
import json
import re
from collections import Counter
from pathlib import Path

WORD = re.compile(r"[^\W\d_]+")
_SLOT = re.compile(
    r"%\(\w+\)[sd]|%[sd]|\{\w*\}|\\[nt\"]|<[^>]*>"
)  # what a program fills in, and marks of HTML
_HEADER = "Content-Type:"  # the first entry of a catalog says who translated it, in English
_MESSAGE = re.compile(r'msgstr(?:\[\d\])? "(.*)"')


def folder(package: str) -> Path:
    """The folder of an installed package, without importing the package."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{package} is not installed; run `make tables`")
    return Path(spec.origin).parent


def subtitle_words(language: str) -> Counter[str]:
    """Words of a language and how often each occurs in subtitles, as pyspellchecker counts them."""
    path = folder("spellchecker") / "resources" / f"{language}.json.gz"
    counts: Counter[str] = Counter()
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for entry, count in json.load(file).items():
            counts.update(dict.fromkeys(WORD.findall(entry.lower()), count))
    return counts


def letter_counts(language: str) -> Counter[str]:
    """Runs of one to three letters of a language and how often each occurs in Wikipedia, as langdetect counts them."""
    profile = json.loads((folder("langdetect") / "profiles" / language).read_text(encoding="utf-8"))
    counts: Counter[str] = Counter()
    for run, count in profile["freq"].items():
        counts[run.lower()] += count
    return counts


def messages(locale: str, package: str = "django") -> list[str]:
    """The translated messages of a package and its own applications in a locale."""
    found: list[str] = []
    for path in sorted(folder(package).rglob(f"locale/{locale}/LC_MESSAGES/*.po")):
        parts: list[str] | None = None
        for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
            if start := _MESSAGE.fullmatch(line):
                parts = [start[1]]
            elif line.startswith('"') and parts is not None:
                parts.append(line[1:-1])
            elif parts is not None:
                found.append(_SLOT.sub(" ", "".join(parts)))
                parts = None
    return [message for message in found if message.strip() and _HEADER not in message]


def message_words(locale: str) -> Counter[str]:
    """Words of Django's messages in a locale and how often each occurs."""
    return Counter(word for message in messages(locale) for word in WORD.findall(message.lower()))


def valences() -> dict[str, float]:
    """VADER's entries and their valences from -4 to 4."""
    lines = (folder("vaderSentiment") / "vader_lexicon.txt").read_text(encoding="utf-8").splitlines()
    return {line.split("\t")[0]: float(line.split("\t")[1]) for line in lines if line.strip()}
