"""Personal data: finding it in text, and redacting the conversations that a Redis or Valkey holds.

What lives here:

- The detector: `detect` (entry point), `finders` (in their order), one module per group of entities (`payment_numbers`, `identity_documents`, `network`,
  `phones`, `dates`, `addresses`, `names`), `name_finder` with `name_tagger` and `name_features` (names anywhere, by a small model), `surroundings` (labels a number by the words around), `validators` (check digits) and
  `configuration`.
- The command `leadmodel-privacy`: `detect_command` and the package `backfill`.

What does not: models, leads and artifacts. The detector needs `phonenumbers` only, the backfill also `redis`; the training imports
the detector, never the other way round.

Start with `detect.Detector`, then read one finder, such as `payment_numbers`.
"""
