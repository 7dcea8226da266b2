"""JSON lines in, the same JSON lines out with what a text says beside its field: `details_intent`, `details_intent_confidence` and so on."""

import codecs
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from leadmodel_text.enrich import Enricher
from leadmodel_training.text.usage import UsageError

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

_VALUES = {
    "intent": {"": "label", "_confidence": "confidence"},
    "sentiment": {"": "label", "_confidence": "confidence"},
    "urgency": {"": "score", "_level": "level"},
    "language": {"": "label", "_confidence": "confidence"},
}


def lines_of(stream: Iterable[bytes]) -> Iterator[str]:
    """Yield the lines of UTF-8 text, with or without a byte order mark. Raises UsageError naming the line that is other text."""
    for number, line in enumerate(stream, 1):
        if number == 1 and (line.startswith(_UTF_16) or b"\0" in line[:2]):
            raise UsageError("line 1 of standard input is UTF-16 text; use `iconv -f UTF-16 -t UTF-8`")
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise UsageError(
                f"line {number} of standard input is no UTF-8 text; use `iconv -f WINDOWS-1252 -t UTF-8`"
            ) from None


def enrich_lines(
    enricher: Enricher, lines: Iterable[str], field: str, want: Sequence[str], language: str | None = None
) -> Iterator[tuple[str, bool]]:
    """Yield each line with the answers for its text, and whether the line was an object with a text; other lines stay as they are.

    An empty line stays, too, and counts as answered. Fields of the line keep their spelling; a field of an answer that stands there already is replaced.
    """
    for line in lines:
        text = line.strip()
        if not text:
            yield text, True
            continue
        lead = _object(text)
        value = lead.get(field) if lead is not None else None
        if lead is None or not isinstance(value, str):
            yield text, False
            continue
        added = _added(enricher.enrich(value, language, want, reasons=False), field, want)
        if lead.keys() & added.keys():
            yield json.dumps({**lead, **added}), True  # ASCII: half a character has no UTF-8
        else:
            yield f"{text[:-1].rstrip()}, {json.dumps(added, ensure_ascii=False)[1:]}", True


def _added(answer: dict[str, Any], field: str, want: Sequence[str]) -> dict[str, Any]:
    return {
        f"{field}_{head}{end}": answer[head].get(key) for head in want for end, key in _VALUES[head].items()
    }


def _object(line: str) -> dict[str, Any] | None:
    try:
        lead = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return lead if isinstance(lead, dict) else None
