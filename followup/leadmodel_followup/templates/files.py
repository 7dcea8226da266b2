"""A folder of templates, one file per part: `<template>.<language>.<part>`, as a ConfigMap is mounted."""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from leadmodel_followup.templates.allow_list import MAX_SOURCE

MAX_FILES = 256
_MAX_SHORT = 8_192  # bytes of a part that is no HTML
_NAME = re.compile(
    r"([a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?)\.([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\.(txt|subject|html|whatsapp)"
)


class Part(StrEnum):
    """What a file holds."""

    TXT = "txt"
    SUBJECT = "subject"
    HTML = "html"
    WHATSAPP = "whatsapp"


@dataclass(frozen=True)
class Problem:
    """What is wrong, for a person: `field` is a file or a path of the settings, `reason` holds no text of a template."""

    field: str
    reason: str


@dataclass(frozen=True)
class Source:
    """One file. The language is in small letters."""

    file: str
    template: str
    language: str
    part: Part
    text: str


@dataclass(frozen=True)
class Folder:
    """What a folder holds. The digest names its bytes and names, so that a message can be traced to its text."""

    sources: tuple[Source, ...]
    problems: tuple[Problem, ...]
    digest: str


def read_folder(path: Path) -> Folder:
    """Read all files of a folder but those whose names begin with a dot.

    Raises:
        OSError: The folder or a file cannot be read.
    """
    sources: list[Source] = []
    problems: list[Problem] = []
    digest = hashlib.sha256()
    files = sorted(file for file in path.iterdir() if not file.name.startswith("."))
    if len(files) > MAX_FILES:
        problems.append(Problem("templates", f"more than {MAX_FILES} files; the others are not read"))
    for file in files[:MAX_FILES]:
        with file.open("rb") as opened:
            raw = opened.read(MAX_SOURCE + 1)
        digest.update(f"{file.name}\0{len(raw)}\0".encode(errors="surrogateescape") + raw)
        read = _source(file.name, raw)
        if isinstance(read, Source):
            sources.append(read)
        else:
            problems.append(read)
    return Folder(tuple(sources), tuple(problems), f"sha256:{digest.hexdigest()}")


def _source(name: str, raw: bytes) -> Source | Problem:
    match = _NAME.fullmatch(name)
    if match is None:
        return Problem(name[:80], "is not named <template>.<language>.<txt, subject, html or whatsapp>")
    part = Part(match[3])
    limit = MAX_SOURCE if part is Part.HTML else _MAX_SHORT
    if len(raw) > limit:
        return Problem(name, f"is longer than {limit} bytes")
    try:
        return Source(name, match[1], match[2].lower(), part, raw.decode())
    except UnicodeDecodeError:
        return Problem(name, "is not UTF-8")
