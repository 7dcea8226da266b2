"""The document with what the project ships for every model: the table of languages and the lexicon of English sentiment."""

from functools import cache
from pathlib import Path

from leadmodel_text.document import Document
from leadmodel_text.files import load

FILE = Path(__file__).with_name("data") / "base.json.gz"


@cache
def base() -> Document:
    """Return the shipped document, which has the heads `language` and `sentiment`; it is read once per process."""
    return load(FILE.read_bytes())
