"""The contact book: keeps the latest values, lives as long as the latest follow-up, and is gone when erased."""

import pytest

from leadmodel_followup.contacts.book import Contact, ContactBook
from leadmodel_followup.ledger.errors import LedgerUnavailable
from support.redis_servers import free_port

JANE = Contact("Jane", "Acme", "de", "Europe/Berlin", {"sms": "+4915100000000", "mail": "jane@example.org"})


@pytest.fixture
def book(client, ledger):
    return ContactBook(client, ledger.tenant)


def test_what_is_written_is_read(book):
    book.write("hash", JANE, 60_000)
    assert book.read("hash") == JANE
    assert book.read("other") is None


def test_a_later_lead_changes_what_it_names_and_keeps_the_rest(book):
    book.write("hash", JANE, 60_000)
    book.write("hash", Contact(name="Jane Doe", addresses={"sms": "+4915100000001"}), 60_000)
    kept = book.read("hash")
    assert (kept.name, kept.company, kept.zone) == ("Jane Doe", "Acme", "Europe/Berlin")
    assert kept.addresses == {"sms": "+4915100000001", "mail": "jane@example.org"}


def test_an_entry_ends_with_the_latest_follow_up(book, client, ledger):
    key = f"fu:{{{ledger.tenant}}}:p:hash"
    book.write("hash", JANE, 60_000)
    book.write("hash", JANE, 10_000)
    assert 50_000 < client.pttl(key) <= 60_000
    book.write("hash", JANE, 90_000)
    assert 80_000 < client.pttl(key) <= 90_000


def test_an_erased_entry_is_gone(book, client, ledger):
    book.write("hash", JANE, 60_000)
    assert book.erase("hash")
    assert not book.erase("hash")
    assert book.read("hash") is None
    assert client.keys(f"fu:{{{ledger.tenant}}}:*") == []


def test_no_entry_shows_itself(book):
    assert "Jane" not in repr(JANE)
    assert "+49" not in repr(JANE)


def test_a_server_that_is_gone_is_an_outcome(ledger):
    import redis

    book = ContactBook(redis.Redis(port=free_port(), retry=None), ledger.tenant)
    for call in (lambda: book.read("hash"), lambda: book.erase("hash"), lambda: book.write("hash", JANE, 1)):
        with pytest.raises(LedgerUnavailable) as caught:
            call()
        assert "Jane" not in str(caught.value)
