"""What the text of a lead says: its intent, sentiment, urgency and language, each with a confidence, or no answer and why.

Trainer and predictor share the package, so that a text has the same features in both. The package needs only the standard library;
`enrich` is the entry, `document` has the `leadtext/v1` documents that hold a model's tables.
"""
