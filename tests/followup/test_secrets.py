"""Secrets of a channel: read at each use, never shown."""

import pytest

from leadmodel_followup.channels.secrets import MissingSecret, SecretFolder

SECRET = "quillfeather-token"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "authToken").write_text(f"{SECRET}\n")
    return SecretFolder(tmp_path)


def test_a_secret_is_read_without_its_line_end_and_anew_after_a_rotation(folder, tmp_path):
    assert folder.read("authToken") == SECRET
    (tmp_path / "next").write_text("rotated")
    (tmp_path / "next").replace(tmp_path / "authToken")
    assert folder.read("authToken") == "rotated"


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"two\nlines", f"{SECRET}\r\nX: y".encode(), "schlüssel".encode(), b"x" * 9000]
)
def test_what_is_no_secret_is_missing_by_its_key_and_not_shown(folder, tmp_path, content):
    (tmp_path / "authToken").write_bytes(content)
    with pytest.raises(MissingSecret) as caught:
        folder.read("authToken")
    assert caught.value.key == str(caught.value) == "authToken"
    assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_a_secret_that_may_be_left_out_is_none_only_where_there_is_no_file(folder, tmp_path):
    assert folder.find("apiKeySid") is None
    assert folder.find("authToken") == SECRET
    (tmp_path / "apiKeySid").write_text("")
    with pytest.raises(MissingSecret):
        folder.find("apiKeySid")


@pytest.mark.parametrize("key", ["../authToken", "/etc/passwd", "..data", ""])
def test_a_key_leads_to_no_other_folder(folder, key):
    with pytest.raises(ValueError, match="word of letters"):
        folder.read(key)
