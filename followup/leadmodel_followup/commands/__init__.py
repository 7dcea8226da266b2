"""The commands of `leadmodel-followup`, one module per command: `add_arguments` for its arguments, `run` for its exit code."""
