"""Buckets of leads: which lead a share, an experiment or a sample takes, decided by a salted hash alone.

Whoever knows the salt and the lead comes to the same bucket, in every process and on every day, so that nothing has to be stored.
"""

from collections.abc import Callable
from hashlib import sha256
from struct import Struct

BUCKETS = 10_000  # a bucket holds 0.01 % of the leads
_FIRST = Struct(">Q").unpack_from  # 64 bits


def bucketing(salt: str) -> Callable[[bytes], int]:
    """A function of a unit, such as the id of a lead: the unit's bucket under this salt, from 0 to 9,999.

    The bucket is SHA-256 of the salt's length, the salt and the unit, of which the first 64 bits are taken modulo 10,000 (a bias below
    1e-15). Units are spread evenly, and the buckets of two salts are independent of each other.
    """
    text = salt.encode()
    salted = sha256(
        b"%d:%b" % (len(text), text)
    ).copy  # with the length, no other salt and unit give the same bytes

    def of(unit: bytes) -> int:
        hashed = salted()
        hashed.update(unit)
        number: int = _FIRST(hashed.digest())[0]
        return number % BUCKETS

    return of


def bucket(salt: str, unit: bytes) -> int:
    """Compute the bucket of one unit under a salt, as `bucketing` does."""
    return bucketing(salt)(unit)


def unit_of(lead_id: object) -> bytes | None:
    """Give the unit of a lead by its id; None for an id that is neither a whole number nor a text with a character.

    A number and its decimal digits as a text are one unit, because systems that send leads write ids in either way.
    """
    if type(lead_id) is str and lead_id:
        return lead_id.encode("utf-8", "surrogatepass")
    return b"%d" % lead_id if type(lead_id) is int else None
