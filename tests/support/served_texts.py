"""A text model in a predictor of the tests: its document in a folder, swapped as kubelet swaps the files of a ConfigMap."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from leadmodel_predictor.serving import watch
from leadmodel_predictor.serving.text_model import TextModel
from leadmodel_text.document import Document, Reference
from leadmodel_text.files import pack
from support import mounts
from support.predictor_thread import Served, served
from support.small_models import linear
from support.text_documents import open_document

NAME = "text.json.gz"


def text_document(seed: int = 1, **changes: object) -> Document:
    """Make a document with all heads that loads: its examples are those that it answers."""
    return replace(open_document(seed), examples=(), **changes)


def referred(document: Document, **labels: dict[str, float]) -> Document:
    """Give a document a reference of a thousand texts with these shares of labels."""
    return replace(document, reference=Reference(labels, (1000, *(0,) * 9), (0, 0, 500, 500, *(0,) * 6)))


class Mount(mounts.Mount):
    """A mounted ConfigMap with a text model."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, NAME)

    def write(self, data: bytes | Document | None) -> None:
        """Swap the content for these bytes or this document; None: the ConfigMap has no key."""
        super().write(pack(data) if isinstance(data, Document) else data)

    def model(self) -> TextModel:
        """A text model that reads this mount and has not looked yet."""
        return TextModel(self.file.as_uri(), {})


def looked(mount: Mount) -> TextModel:
    """A text model that has looked at a mount once."""
    texts = mount.model()
    texts.take(texts.look())
    return texts


@contextlib.contextmanager
def serving(folder: Path, document: Document | None = None) -> Iterator[tuple[Served, Mount]]:
    """A predictor with a text model; without a document the mount is empty."""
    mount = Mount(folder)
    mount.write(document)
    with served(linear(), texts=looked(mount)) as server:
        yield server, mount


def until(done, seconds: float = 60) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


def often(monkeypatch) -> None:
    """Let text models look at their files twenty times a second."""
    monkeypatch.setattr(watch, "FILE_S", 0.05)
