"""Where `leadmodel-enrich` reads and writes, each place with the credentials of its source."""

import os
from importlib.resources import files

from leadmodel_messages.credentials import Source, environment
from leadmodel_messages.uris import show, uri_of
from leadmodel_store.store import check, fetch, put
from leadmodel_text.document import Document, DocumentError
from leadmodel_text.enrich import Enricher, check_examples
from leadmodel_text.files import load
from leadmodel_training.rows import MAX_BYTES
from leadmodel_training.targets import PATIENCE_S

DEFAULT = "sales_en.json.gz"


def read_bytes(where: str, source: Source = Source.LEADS) -> bytes:
    """The bytes at a path or URI. Raises StoreError."""
    environ = environment(source, os.environ)
    return fetch(uri_of(where), max_bytes=MAX_BYTES, environ=environ, seconds=PATIENCE_S).data


def check_target(where: str, source: Source) -> None:
    """Refuse, before any work, a URI or settings with which `write_bytes` must fail. Raises StoreError."""
    check(uri_of(where), environ=environment(source, os.environ))


def write_bytes(where: str, data: bytes, source: Source = Source.ARTIFACT) -> None:
    """Write bytes to a path or URI; a reader sees all of them or none. Raises StoreError."""
    put(uri_of(where), data, environ=environment(source, os.environ), seconds=PATIENCE_S)


def read_model(where: str | None, source: Source = Source.ARTIFACT) -> Document:
    """The model at a path or URI, or the one that comes with the program; its examples hold. Raises DocumentError naming the file."""
    if where is None:
        return load(files("leadmodel_training.text").joinpath(DEFAULT).read_bytes())
    try:
        document = load(read_bytes(where, source))
        check_examples(Enricher(document))  # made by the tokeniser of this program
    except DocumentError as error:
        raise DocumentError(
            f"{show(where)} is no text model of this release, as `leadmodel-enrich train` writes them: {error}"
        ) from None
    return document
