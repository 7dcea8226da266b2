"""Texts of follow-ups: files in Jinja2 behind a list of what they may do, read from a folder, checked, counted and rendered.

Start with `templates.Templates`; `problems` says what is wrong with a folder under given settings.
"""
