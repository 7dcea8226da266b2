"""Text models: from messages with labels to a `leadtext/v1` document, and what people do with one.

What lives here:

- `leadmodel-enrich`: `command` (exit codes), `options`, `usage`, `places` (stores and their credentials), `train_command`, `lines` (JSON
  lines in and out), `check` and `suggest`.
- Training: `messages` (reads and redacts), `holdout` with `near_copies` (what is kept out), `training` (the steps in order), `refusals`, `tables` (features, fitting, rounding to
  int8), `learning` (self-training, scope, out of fold), `calibration` (temperature and thresholds), `urgency`, `building` (the
  document) and `report`.
- `sales_en.json.gz`: the model that is used where none is given; `training/sales_en/build.py` makes it.

What does not: tokens, features, the document's format and its evaluation live in `leadmodel_text`, which serves without this package.

Start with `training.learn`.
"""
