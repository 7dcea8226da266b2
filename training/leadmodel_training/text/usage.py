"""Arguments of `leadmodel-enrich` that are refused before anything is learned or answered."""

import os
from argparse import Namespace

from leadmodel_messages.uris import show, uri_of
from leadmodel_store.files import path_of
from leadmodel_text.base import base
from leadmodel_text.document import MAX_NAME, Document
from leadmodel_training.text.options import HEADS
from leadmodel_training.text.training import INTENT

OTHER = "other"  # no language, but the class of all that the table does not know
INPUTS = ("model", "messages", "unlabelled", "background", "holdout", "base")
OUTPUTS = ("out", "report", "holdout_out")


class UsageError(ValueError):
    """An argument, or what comes in, is not what the program takes; the sentence names the argument."""


def check_usage(given: Namespace) -> None:
    """Refuse arguments that no work is worth beginning with. Raises UsageError; StoreError for a URI without a path."""
    if set(given.want.split(",")) - {*HEADS}:
        raise UsageError(f"--want takes {', '.join(HEADS)}, comma separated")
    if given.command == "train":
        _check_training(given)
    if given.command == "suggest" and given.count < 1:
        raise UsageError("--count must be 1 or more")
    for name in INPUTS:
        _check_input(name, getattr(given, name, None))
    for name in OUTPUTS:
        _check_output(name, getattr(given, name, None))


def _check_training(given: Namespace) -> None:
    if not 0 < given.precision < 1:
        raise UsageError("--precision must lie between 0 and 1")
    if not 0 < given.holdout_share < 1:
        raise UsageError("--holdout-share must lie between 0 and 1")
    if given.holdout_out and given.label and INTENT not in given.label:
        raise UsageError("--holdout-out keeps intents out; give --label intent, too")
    if not 0 <= given.seed < 2**32:
        raise UsageError("--seed must be 0 or more, and below 4294967296")
    if not 0 < len(given.name) <= MAX_NAME or len(given.licence) > MAX_NAME:
        raise UsageError(f"--name and --licence take at most {MAX_NAME} characters, and a name has one")
    languages_of(given.languages)
    written = [uri_of(where) for where in map(vars(given).get, OUTPUTS) if where]
    if len({*written, uri_of(given.messages)}) <= len(written):
        raise UsageError("--messages, --out, --report and --holdout-out must name different places")


def languages_of(codes: str) -> tuple[str, ...]:
    """The languages that a person lists, comma separated, each once. Raises UsageError for one that no table knows."""
    listed = tuple(dict.fromkeys(code.strip() for code in codes.split(",")))
    known = _known(base())
    if set(listed) - {*known}:
        raise UsageError(
            f"--languages takes {', '.join(known)}, comma separated: no other language is told apart"
        )
    return listed


def check_language(language: str | None, model: Document) -> None:
    """Refuse the name of a language that neither the model nor its table of languages knows. Raises UsageError."""
    known = tuple(dict.fromkeys((*model.languages, *_known(model), OTHER)))
    if language is not None and language not in known:
        raise UsageError(f"--language takes one of {', '.join(known)}")


def _known(model: Document) -> tuple[str, ...]:
    return tuple(code for code in (model.language.classes if model.language else ()) if code != OTHER)


def _check_input(name: str, where: str | None) -> None:
    if where is not None and _is_local(where) and path_of(uri_of(where)).is_dir():
        raise UsageError(f"--{name} {show(where)} is a folder; name a file")


def _check_output(dest: str, where: str | None) -> None:
    name = dest.replace("_", "-")
    if where is None or not _is_local(where):
        return
    path = path_of(uri_of(where))
    if path.is_dir():
        raise UsageError(f"--{name} {show(where)} is a folder; name a file")
    if not path.parent.is_dir():
        raise UsageError(f"--{name} {show(where)}: its folder is not there; make it, or name another one")
    if not os.access(path.parent, os.W_OK):
        raise UsageError(f"--{name} {show(where)}: its folder may not be written; name another one")


def _is_local(where: str) -> bool:
    return uri_of(where).startswith(("file://", "pvc://"))
