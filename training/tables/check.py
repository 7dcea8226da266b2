"""Prints how often languages are told right on the catalogs of Wagtail and django CMS, by length: `make tables-check`."""

import sources
from snippets import OURS

from leadmodel_text.base import base
from leadmodel_text.document import LanguageHead
from leadmodel_text.language import Language
from leadmodel_text.tokens import tokens

LOCALES = {"pt": "pt_PT"}
OTHERS = ("sv", "da", "nb", "pl", "cs", "hu", "tr", "fi", "ro", "lt", "et", "ca", "gl")
LENGTHS = ((3, 4), (5, 8), (9, 40))


def texts(locale: str) -> list[list[str]]:
    """The words of each different message that has at least three."""
    found = {message for package in ("wagtail", "cms") for message in sources.messages(locale, package)}
    read = [[word for word in tokens(message).words if word and word != "0"] for message in sorted(found)]
    return [words for words in read if len(words) >= LENGTHS[0][0]]


def row(language: Language, words: list[list[str]], truth: str) -> str:
    """Messages, share with an answer, share of right answers among these, share answered as English."""
    answers = [label for label, _ in map(language.language_of, words) if label is not None]
    right = sum(label == truth for label in answers)
    english = sum(label == "en" for label in answers) if truth != "en" else 0
    shares = (len(answers) / len(words), right / max(1, len(answers)), english / len(words))
    return f"{len(words):6,}" + "".join(f" {share:8.3f}" for share in shares)


def main() -> None:
    """Print a table of languages and lengths."""
    head = base().language
    if not isinstance(head, LanguageHead):
        raise SystemExit("the shipped document has no table of languages")
    language = Language(head)
    print("language words   texts answered    right as English")
    for name in (*OURS[1:], *OTHERS):
        every = texts(LOCALES.get(name, name))
        for low, high in LENGTHS:
            some = [words for words in every if low <= len(words) <= high]
            if some:
                print(f"{name:8} {low:2}-{high:2} {row(language, some, name if name in OURS else 'other')}")


if __name__ == "__main__":
    main()
