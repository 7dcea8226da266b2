"""Presidio under the clock, in its own environment and without a spaCy model: faster and weaker than with one.

Reads a JSON file of sets of texts; then, a line at a time, `speed SET ENGINE` (answers CPU seconds) or `spans SET ENGINE` (answers spans).
"""

import json
import logging
import sys
import time
from pathlib import Path

from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.nlp_engine import NoOpNlpEngine

TRIMMED = "EMAIL_ADDRESS PHONE_NUMBER CREDIT_CARD IBAN_CODE US_SSN IP_ADDRESS URL US_PASSPORT"
WANTED = {"all": None, "trimmed": TRIMMED.split()}


def engine() -> AnalyzerEngine:
    """All recognizers for English, no language model."""
    nothing = NoOpNlpEngine(models=[{"lang_code": "en", "model_name": "none"}])
    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(nlp_engine=nothing, languages=["en"])
    return AnalyzerEngine(registry=registry, nlp_engine=nothing, supported_languages=["en"])


def main() -> None:
    """Answer until standard input ends."""
    logging.disable(logging.CRITICAL)
    sets = json.loads(Path(sys.argv[1]).read_text())
    presidio = engine()
    for texts in sets.values():  # the list of top-level domains is looked for once
        for text in texts[:20]:
            presidio.analyze(text=text, language="en")
    print("ready", flush=True)
    for line in sys.stdin:
        what, name, which = line.split()
        started = time.process_time()
        found = [presidio.analyze(text=text, language="en", entities=WANTED[which]) for text in sets[name]]
        took = time.process_time() - started
        spans = [[[r.start, r.end, r.entity_type] for r in results if r.score >= 0.4] for results in found]
        print(json.dumps(took if what == "speed" else spans), flush=True)


if __name__ == "__main__":
    main()
