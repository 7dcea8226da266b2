"""How much a run over a Redis reads and writes at once, and how fast."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """How much a run reads and writes at once, and how fast."""

    page: int = 500  # keys per SCAN call
    batch_bytes: int = 256 << 10  # bytes of keys read, then written, together
    small_items: int = 500  # elements; a key with more is read by itself, in chunks
    small_bytes: int = 64 << 10  # bytes; a larger key has no content digest
    read: int = 500  # elements per read of a key in chunks
    write: int = 100  # messages per script call
    value_bytes: int = 8 << 20  # bytes; a longer value is left for a person
    message_chars: int = 100_000  # characters; a longer message is left for a person
    stream_entries: int = 1000  # entries; a longer stream is not rebuilt
    attempts: int = 20  # attempts at a key that changes meanwhile
    keys_per_second: float = 0
    server_share: float = 1.0
