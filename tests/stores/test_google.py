"""Google Cloud Storage as fake-gcs-server serves it, where that is installed (`python3 tests/support/store_servers.py`)."""

from collections.abc import Iterator

import pytest

from leadmodel_store.store import StoreError, StoreReason, fetch
from support.object_stores import free_port, running
from support.store_servers import google

PROGRAM = google()
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="fake-gcs-server is not installed")
URI = "gs://leads/conversion/model.json"


@pytest.fixture(scope="module")
def login(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The address of a fresh emulator with the bucket `leads`."""
    folder, port = tmp_path_factory.mktemp("google"), free_port()
    (folder / "leads" / "conversion").mkdir(parents=True)
    (folder / "leads" / "conversion" / "model.json").write_bytes(b"model")
    assert PROGRAM is not None
    options = [
        "-scheme",
        "http",
        "-host",
        "127.0.0.1",
        "-port",
        str(port),
        "-backend",
        "memory",
        "-data",
        str(folder),
    ]
    with running([PROGRAM, *options, "-public-host", f"127.0.0.1:{port}"], port) as address:
        yield {"STORAGE_EMULATOR_HOST": address}


def test_what_lies_in_the_bucket_is_got(login):
    """Reading only: this server refuses the uploads of the language that the library speaks."""
    assert fetch(URI, max_bytes=100, environ=login).data == b"model"
    with pytest.raises(StoreError, match="at most 3 are taken"):
        fetch(URI, max_bytes=3, environ=login)


@pytest.mark.parametrize("uri", ["gs://leads/none", "gs://nobody/none"])
def test_what_is_not_there_is_not_found(login, uri):
    with pytest.raises(StoreError, match="is not there") as caught:
        fetch(uri, max_bytes=100, environ=login)
    assert caught.value.reason is StoreReason.NOT_FOUND
