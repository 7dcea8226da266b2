"""URIs as people and messages show them, and the URI of a path."""

from pathlib import Path
from urllib.parse import urlsplit

_WITHOUT_FRAGMENT = ("s3://", "gs://", "az://", "pvc://", "file://")


def show(uri: str) -> str:
    """Show a URI without what may be secret: no user info, no query, no fragment. A key in a bucket has no fragment: its # is shown."""
    uri = uri.partition("?")[0]
    try:
        parts = urlsplit(uri, allow_fragments=not uri.startswith(_WITHOUT_FRAGMENT))
    except ValueError:
        return "a URI that cannot be read"
    scheme = f"{parts.scheme}://" if "://" in uri else ""  # a path has none
    return scheme + parts.netloc.rpartition("@")[2] + parts.path


def uri_of(where: str) -> str:
    """Give the URI of a place that a person names as a path or as a URI."""
    return where if "://" in where else Path(where).absolute().as_uri()


def local_path(where: str) -> Path:
    """Give the path of an argument that can only be a file or folder of this machine. Raises ArgumentTypeError for a URI."""
    if "://" in where:
        from argparse import ArgumentTypeError

        raise ArgumentTypeError(f"{show(where)} is a URI; give a path of this machine")
    return Path(where)
