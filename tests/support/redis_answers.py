"""Conversations in real servers, and what a run of `leadmodel-enrich backfill` leaves beside them."""

import hashlib
import json

from leadmodel_privacy.backfill.side_keys import is_side_key, side_key
from leadmodel_text.enrich import Enricher
from leadmodel_training.text.places import read_model

TEXTS = (
    "How much would 40 seats cost us per year?",
    "The app crashes each time I log in, fix it today",
    "Please cancel our contract, we want a refund",
    "Could you show us a demo next week?",
)


def sha(message: bytes | str) -> bytes:
    raw = message.encode() if isinstance(message, str) else message
    return hashlib.sha1(raw, usedforsecurity=False).hexdigest().encode()


def fill(client, keys=12, start=0):
    """Keys of every type, each with the four texts, or with one where the type holds one."""
    for i in range(start, start + keys):
        key, texts = f"chat:{i}", [f"{text} ({i})" for text in TEXTS]
        match i % 5:
            case 0:
                client.rpush(key, *(json.dumps({"role": "user", "content": text}) for text in texts))
            case 1:
                client.set(key, json.dumps({"id": i, "text": texts[i % 4]}))
            case 2:
                client.hset(
                    key, mapping={"id": str(i), "text": texts[0], "last": json.dumps({"text": texts[1]})}
                )
            case 3:
                client.zadd(key, {text: place for place, text in enumerate(texts)})
            case 4:
                for text in texts:
                    client.xadd(key, {"user": f"u{i}", "text": text})


def messages_of(client, key):
    """Each message as its fingerprint is made, and its text."""
    match client.type(key):
        case b"string":
            return [(client.get(key), json.loads(client.get(key))["text"])]
        case b"list":
            return [
                (raw, json.loads(raw)["content"] if raw[:1] == b"{" else raw.decode())
                for raw in client.lrange(key, 0, -1)
            ]
        case b"hash":
            values = client.hgetall(key)
            return [
                (values[b"text"], values[b"text"].decode()),
                (values[b"last"], json.loads(values[b"last"])["text"]),
            ]
        case b"zset":
            return [(raw, raw.decode()) for raw in client.zrange(key, 0, -1)]
    entries = [[item for pair in fields.items() for item in pair] for _, fields in client.xrange(key)]
    return [(b"".join(b"%d:%b" % (len(item), item) for item in one), one[3].decode()) for one in entries]


def keys_of(client):
    """The keys of conversations."""
    return [key for key in client.scan_iter("chat:*", count=1000) if not is_side_key(key)]


def conversations(client):
    return {key: client.dump(key) for key in keys_of(client)}


def answers(client):
    """What stands in each side key."""
    return {key: client.hgetall(key) for key in client.scan_iter("*:leadtext", count=1000)}


def expected(client, *, language=None):
    """The side keys by the served code, without their models."""
    enricher = Enricher(read_model(None))
    heads = ("intent", "sentiment", "urgency", "language")
    return {
        side_key(key): {
            sha(raw): {head: enricher.enrich(text, language, reasons=False)[head] for head in heads}
            for raw, text in messages_of(client, key)
        }
        for key in keys_of(client)
    }


def read(sides):
    """The same form of what stands there."""
    return {
        key: {field: json.loads(value) for field, value in fields.items() if field != b"model"}
        for key, fields in sides.items()
    }
