"""Training: from a file of leads with outcomes to a model artifact and its holdout, and a generator of synthetic leads.

What lives here:

- `leadmodel-train`: `__main__` (arguments) and `pipeline` (the steps in order): `rows`, `columns`, `cut` and `parquet` (read the
  file), `features` (columns to numbers), `split` (in time), `leak_check`, `recipe_choice`, `recipes` (scikit-learn), `export` and
  `psi_windows`.
- `leadmodel-enrich` and the training of text models: the package `text`.
- `leadmodel-synth`: `synth` (arguments), `world` and `world_days` (draw leads), `synth_files` and `synth_truth` (write them).

What does not: the artifact's format, scoring and reference live in `leadmodel_artifact`, statistics in `leadmodel_statistics`,
reading and writing by URI in `leadmodel_store`. No program that serves imports this package.

Start with `pipeline.train_model`.
"""
