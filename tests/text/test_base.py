"""The shipped document: heads, sources, size, and that the generator in the tree is the one that made it."""

import hashlib
from pathlib import Path

from leadmodel_text.base import FILE, base
from leadmodel_text.files import dump
from leadmodel_text.tokens import VERSION

ROOT = Path(__file__).parents[2]
TABLES = ROOT / "training" / "tables"


def test_base_has_languages_and_a_lexicon_with_their_sources():
    document = base()
    assert document.language.classes == ("en", "de", "fr", "es", "it", "pt", "nl", "other")
    assert document.tokenizer == VERSION
    assert document.intent is None
    assert len(document.sentiment.table.features) > 6_000
    assert {source.licence for source in document.provenance} == {
        "Apache-2.0",
        "BSD-3-Clause",
        "CC-BY-3.0",
        "CC-BY-4.0",
        "MIT",
    }
    notice = (FILE.parent / "LICENSE-vaderSentiment.txt").read_text()
    assert "Copyright (c) 2016 C.J. Hutto" in notice


def test_the_language_table_is_small():
    table = base().language.table
    assert len(table.weights) + sum(len(gram.encode()) for gram in table.features) <= 70_000
    assert FILE.stat().st_size <= 120_000


def test_document_and_generator_belong_together():
    made = dict(reversed(line.split("  ")) for line in (TABLES / "made.sha256").read_text().splitlines())
    assert made.pop("document") == hashlib.sha256(dump(base())).hexdigest(), "run `make tables`"
    assert len(made) == 6
    for name, digest in made.items():
        data = (TABLES / name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == digest, f"{name} has changed since `make tables`"
        assert hashlib.sha256(data + b" ").hexdigest() != digest
