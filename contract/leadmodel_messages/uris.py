"""URIs as people and messages show them, and the URI of a path."""

import re
from pathlib import Path
from urllib.parse import urlsplit

HIDDEN, NAMED = "…", 4  # stands for what is not shown; parameters of a query that are named
_WITHOUT_FRAGMENT = ("s3://", "gs://", "az://", "pvc://", "file://")
_UNREADABLE = "a URI that cannot be read"
_PARAMETER = re.compile(r"([A-Za-z][A-Za-z0-9_.-]{0,31})=[^=]")


def show(uri: str) -> str:
    """Show a URI to people, recognisable and without what may be secret: a query keeps the names of its parameters alone."""
    shown = place(uri)
    with_fragment = not uri.startswith(_WITHOUT_FRAGMENT)
    _, mark, query = (uri.partition("#")[0] if with_fragment else uri).partition("?")
    if not mark or shown == _UNREADABLE:
        return shown
    parameters = query.split("&")
    named = [_parameter(text) for text in parameters[:NAMED]] + [HIDDEN] * (len(parameters) > NAMED)
    return f"{shown}?{'&'.join(named)}"


def _parameter(text: str) -> str:
    """The name of a parameter and a sign for its value; a text without a name may itself be the secret."""
    match = _PARAMETER.match(text)
    return f"{match[1]}={HIDDEN}" if match else HIDDEN


def place(uri: str) -> str:
    """Give the place that a URI names: no user info, no query, no fragment. A key in a bucket has no fragment: its # stays.

    Programs that answer each other compare places, whatever their release shows of a query.
    """
    before_query = uri.partition("?")[0]
    try:
        parts = urlsplit(before_query, allow_fragments=not uri.startswith(_WITHOUT_FRAGMENT))
        if parts.scheme in {"http", "https"}:
            _ = parts.port  # half a password stands there, where the other half begins with ?, # or /
    except ValueError:
        return _UNREADABLE
    if _may_be_cut_in_a_password(parts.netloc, uri):
        return _UNREADABLE
    scheme = f"{parts.scheme}://" if "://" in uri else ""  # a path has none
    return scheme + parts.netloc.rpartition("@")[2] + parts.path


def _may_be_cut_in_a_password(netloc: str, uri: str) -> bool:
    """Whether a host with a port may be user and half a password: an @ stands behind it, after a ?, # or / of the other half."""
    return ":" in netloc and "@" not in netloc and "@" in uri.partition(netloc)[2]


def uri_of(where: str) -> str:
    """Give the URI of a place that a person names as a path or as a URI."""
    return where if "://" in where else Path(where).absolute().as_uri()


def local_path(where: str) -> Path:
    """Give the path of an argument that can only be a file or folder of this machine. Raises ArgumentTypeError for a URI."""
    if "://" in where:
        from argparse import ArgumentTypeError

        raise ArgumentTypeError(f"{show(where)} is a URI; give a path of this machine")
    return Path(where)
