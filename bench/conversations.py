"""Conversations in Redis with a known truth, applications that append to them, and the check that nothing was lost, doubled or reordered.

Every message begins with its name, in letters so that it looks like nothing personal (`sbc-d`: seeded, key 12, the third; `wb-h`: writer
1, its seventh in this key). So what is found can be told from what was written, whatever was redacted in between.
"""

import contextlib
import json
import multiprocessing
import random
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field

import redis

from leadmodel_privacy.detect import Detector

KINDS = ("list", "list", "list", "list", "list", "string", "string", "hash", "hash", "stream")
CLEAN = (
    "thanks, that works for us", "could you send the contract again please", "we compared both offers in the team",
    "the demo was convincing, next step is procurement", "no budget before summer I am afraid", "great, talk soon",
)  # fmt: skip
DECOYS = (
    "order 8841-22-19 shipped on 2026-03-04", "version 4.12.3 fails at 10:45:12", "3 x 250 EUR, total 750.00",
    "ticket 550e8400-e29b-41d4-a716-446655440000", "invoice 2026-00017 over 1,299.00", "we have 14000 contacts",
)  # fmt: skip


def _personal(rng: random.Random) -> tuple[str, str]:
    n = rng.randrange(10**6)
    kind = rng.randrange(4)
    if kind == 0:
        return f"write to quillfeather{n}@example.org please", "write to [EMAIL] please"
    if kind == 1:
        return f"my ssn is 219-{10 + n % 80}-{1000 + n % 8999} ok", "my ssn is [SSN] ok"
    if kind == 2:
        return "pay DE89 3704 0044 0532 0130 00 today", "pay [IBAN] today"
    return f"mail o{n}@mail.example.com or 4111 1111 1111 1111", "mail [EMAIL] or [CREDIT_CARD]"


_LETTERS = (
    "bcfgkqvwxz"  # no vowels: a name must spell no word that the detector takes for a label, such as "geb"
)
_TO_LETTERS, _TO_DIGITS = str.maketrans("0123456789", _LETTERS), str.maketrans(_LETTERS, "0123456789")


def _letters(number: int) -> str:
    return str(number).translate(_TO_LETTERS)


def name_of(source: str, *numbers: int) -> str:
    """`s`, 12, 3 → a name without digits."""
    return source + "-".join(_letters(number) for number in numbers)


@dataclass(frozen=True)
class Mix:
    """Shares of messages: personal data and look-alikes; the rest is clean."""

    personal: float = 0.05
    decoys: float = 0.15


def message(name: str, mix: Mix) -> tuple[str, str]:
    """Text and what it reads once redacted; the name decides."""
    rng = random.Random(name)
    draw = rng.random()
    if draw < mix.personal:
        raw, clean = _personal(rng)
        return f"{name} {raw}", f"{name} {clean}"
    text = rng.choice(DECOYS if draw < mix.personal + mix.decoys else CLEAN)
    return f"{name} {text}", f"{name} {text}"


@dataclass
class World:
    """`keys` conversations of `each` messages in one server."""

    port: int
    keys: int
    each: int = 10
    mix: Mix = field(default_factory=Mix)
    lives: dict[bytes, int] = field(default_factory=dict)

    def client(self) -> "redis.Redis":
        return redis.Redis(port=self.port, socket_timeout=60)

    def key(self, n: int) -> str:
        return f"chat:{n}:{KINDS[n % len(KINDS)]}"

    def fill(self) -> None:
        """Write all; every other key gets a life."""
        client = self.client()
        ends = int(time.time() * 1000) + 3_600_000
        for group in _groups(self.keys):
            pipe = client.pipeline(transaction=False)
            for n in group:
                self._fill(pipe, n)
                if n % 2:
                    pipe.pexpireat(self.key(n), ends + n)
            pipe.execute()

    def _fill(self, pipe, n: int) -> None:
        texts = [message(name_of("s", n, i), self.mix)[0] for i in range(self.each)]
        key = self.key(n)
        match KINDS[n % len(KINDS)]:
            case "list":
                pipe.rpush(key, *(json.dumps({"role": "user", "text": text}) for text in texts))
            case "string":
                pipe.set(key, json.dumps([{"text": text} for text in texts]))
            case "hash":
                pipe.hset(key, mapping={name_of("s", n, i): text for i, text in enumerate(texts)})
            case "stream":
                for i, text in enumerate(texts):
                    pipe.xadd(key, {"text": text}, id=f"{i + 1}-0")

    # --- what is there ---------------------------------------------------------------------------------------------------------

    def found(self, client: "redis.Redis", numbers) -> dict[int, list[str]]:
        """Texts of conversations, in order."""
        pipe = client.pipeline(transaction=False)
        for n in numbers:
            key = self.key(n)
            match KINDS[n % len(KINDS)]:
                case "list":
                    pipe.lrange(key, 0, -1)
                case "string":
                    pipe.get(key)
                case "hash":
                    pipe.hgetall(key)
                case "stream":
                    pipe.xrange(key)
        return {
            n: _texts(KINDS[n % len(KINDS)], reply) for n, reply in zip(numbers, pipe.execute(), strict=True)
        }

    def check(self, appended: dict[tuple[int, int], int], *, redacted: bool = True) -> Counter:
        """Faults: lost, doubled, reordered, foreign, wrong text, wrong life. `appended`: (writer, key) → acknowledged appends."""
        client, faults = self.client(), Counter()
        by_key: dict[int, dict[int, int]] = defaultdict(dict)
        for (writer, n), count in appended.items():
            by_key[n][writer] = count
        for group in _groups(self.keys):
            for n, texts in self.found(client, group).items():
                self._check(n, texts, by_key.get(n, {}), faults, redacted=redacted)
            faults["life"] += self._lives(client, group)
        return +faults

    def _check(
        self, n: int, texts: list[str], writers: dict[int, int], faults: Counter, *, redacted: bool
    ) -> None:
        seen: dict[str, list[int]] = defaultdict(list)
        for text in texts:
            name = text.partition(" ")[0]
            source, _, number = name.partition("-")
            seen[source].append(int(number.translate(_TO_DIGITS)))
            raw, clean = message(name if source[0] == "s" else f"{name}-{_letters(n)}", self.mix)
            raw, clean = (raw, clean) if source[0] == "s" else (_short(raw), _short(clean))
            allowed = {clean} if source[0] == "s" and redacted else {raw, clean}
            faults["text"] += text not in allowed
        wanted = {name_of("s", n): self.each} | {name_of("w", w): count for w, count in writers.items()}
        faults["foreign"] += len(set(seen) - set(wanted))
        for source, count in wanted.items():
            there = seen.get(source, [])
            faults["lost"] += count - len(set(there) & set(range(count)))
            faults["doubled"] += len(there) - len(set(there))
            faults["reordered"] += KINDS[n % len(KINDS)] != "hash" and there != sorted(there)

    def _lives(self, client: "redis.Redis", group) -> int:
        pipe = client.pipeline(transaction=False)
        for n in group:
            pipe.pexpiretime(self.key(n))
        found = pipe.execute()
        if not self.lives.get(b"base"):
            self.lives[b"base"] = next(life - n for n, life in zip(group, found, strict=True) if life > 0)
        base = self.lives[b"base"]
        return sum(life != (base + n if n % 2 else -1) for n, life in zip(group, found, strict=True))


def _groups(count: int, size: int = 1000):
    return [range(start, min(start + size, count)) for start in range(0, count, size)]


def _texts(kind: str, reply) -> list[str]:
    if not reply:
        return []
    match kind:
        case "list":
            return [json.loads(item)["text"] for item in reply]
        case "string":
            return [item["text"] for item in json.loads(reply)]
        case "hash":
            return [value.decode() for value in reply.values()]
    return [fields[b"text"].decode() for _, fields in reply]


def _short(text: str) -> str:
    """A writer's message is drawn by writer, number and key; it is named by writer and number."""
    name, _, rest = text.partition(" ")
    return f"{name.rpartition('-')[0]} {rest}"


# --- applications that append -----------------------------------------------------------------------------------------------------


def write(world: World, number: int, stop, per_second: float, out, ready, total) -> None:
    """Append to random conversations until told to stop; hand over what was acknowledged."""
    client, rng = world.client(), random.Random(number)
    appended: Counter = Counter()
    client.ping()
    ready.release()
    began, done, batch = time.monotonic(), 0, 10 if per_second else 100
    while not stop.is_set():
        chosen = [rng.randrange(world.keys) for _ in range(batch)]
        plain = [n for n in chosen if KINDS[n % len(KINDS)] != "string"]
        pipe, asked = client.pipeline(transaction=False), []
        for n in plain:
            _append(pipe, world, number, n, appended[n] + sum(a == n for a in asked))
            asked.append(n)
        for n, _ in zip(asked, pipe.execute(), strict=True):
            appended[n] += 1
        for n in set(chosen) - set(plain):
            appended[n] += _edit(client, world, number, n, appended[n])
        done += batch
        with total.get_lock():
            total.value += batch
        ahead = done / per_second - (time.monotonic() - began) if per_second else 0
        if ahead > 0:
            time.sleep(ahead)
    out.put({(number, n): count for n, count in appended.items()})


def _append(pipe, world: World, number: int, n: int, count: int) -> None:
    text = _short(message(name_of("w", number, count, n), world.mix)[0])
    match KINDS[n % len(KINDS)]:
        case "list":
            pipe.rpush(world.key(n), json.dumps({"role": "user", "text": text}))
        case "hash":
            pipe.hset(world.key(n), name_of("w", number, count), text)
        case "stream":
            pipe.xadd(world.key(n), {"text": text})


def _edit(client: "redis.Redis", world: World, number: int, n: int, count: int) -> int:
    """An application that does it right: WATCH, read, change, write."""
    text = _short(message(name_of("w", number, count, n), world.mix)[0])
    key = world.key(n)
    with client.pipeline() as pipe:
        try:
            pipe.watch(key)
            whole = json.loads(pipe.get(key))
            pipe.multi()
            pipe.set(key, json.dumps([*whole, {"text": text}]), keepttl=True)
            pipe.execute()
        except redis.WatchError:
            return 0
    return 1


class Writers:
    """Processes that append."""

    def __init__(self, world: World, count: int, per_second: float = 0) -> None:
        context = multiprocessing.get_context("spawn")
        self._stop, self._out, self._ready = context.Event(), context.Queue(), context.Semaphore(0)
        self.total = context.Value("q", 0)  # appends so far, about
        arguments = [
            (world, i, self._stop, per_second / count, self._out, self._ready, self.total)
            for i in range(count)
        ]
        self._processes = [context.Process(target=write, args=a, daemon=True) for a in arguments]

    def __enter__(self):
        for process in self._processes:
            process.start()
        for _ in self._processes:
            self._ready.acquire(timeout=120)
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.kill()

    def end(self) -> dict[tuple[int, int], int]:
        """Stop them: (writer, key) → acknowledged appends."""
        self._stop.set()
        found: dict[tuple[int, int], int] = {}
        for _ in self._processes:
            found |= self._out.get(timeout=60)
        for process in self._processes:
            process.join(30)
        return found


def blind(world: World, *, stop_after: float = 1e9, think: float = 0) -> None:
    """The control: read, redact (for `think` seconds more), write back without looking. Do not do this."""
    client, detector, began = world.client(), Detector(), time.monotonic()
    for n in range(world.keys):
        if time.monotonic() - began > stop_after:
            return
        key = world.key(n)
        match KINDS[n % len(KINDS)]:
            case "list":
                new = [detector.redact(item.decode())[0] for item in client.lrange(key, 0, -1)]
                time.sleep(think)
                client.delete(key)
                client.rpush(key, *new)
            case "string":
                client.set(key, detector.redact(client.get(key).decode())[0])
            case "hash":
                found = client.hgetall(key)
                client.delete(key)
                client.hset(key, mapping={k: detector.redact(v.decode())[0] for k, v in found.items()})
            case "stream":
                entries = client.xrange(key)
                new = [
                    (ident, {k: detector.redact(v.decode())[0] for k, v in f.items()}) for ident, f in entries
                ]
                client.delete(key)
                for ident, fields in new:
                    with contextlib.suppress(
                        redis.ResponseError
                    ):  # a later entry came between: this one is lost
                        client.xadd(key, fields, id=ident)
