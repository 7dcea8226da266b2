"""Makes the lexicon of sentiment: VADER's valences of single words, without the words that score in messages where nobody feels anything.

A word is one of the domain by a rule: it stands in at least COMMON of the 25,003 messages of banking77 and CLINC150 for training, or in at
least SOLD of the 1,316 of `training/sales_en`, and is not in FEELINGS; so are its forms. FEELINGS and FORMAL were chosen by reading the list.
"""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import sources

from leadmodel_text.document import LexiconHead, Table
from leadmodel_text.tokens import tokens

COMMON, SOLD = 8, 3
LIST = Path(__file__).with_name("domain_words.txt")
SALES = Path(__file__).parents[1] / "sales_en" / "messages.jsonl"
SCALE = 0.1  # VADER's valences have one digit
WINDOW, BAND, SLOPE, MIN_CONFIDENCE = 3, 0.3, 8.0, 0.55
FEELINGS = (
    "appreciate appreciated bad best better boring brilliant cheers confused cute congratulations disappointed dissatisfied enjoy fun funny glad good "
    "grateful great happy harm heart honest love lovely mad nice pity pleased rude satisfied shame sorry terrible thank thanks thx tired "
    "upset welcome wonderful worried"
)
FORMAL = (  # too rare for the rule, and used without a feeling in letters of business
    "approval approvals assure assured asset assets benefit benefits challenge challenges commitment committed confident demand demands "
    "devoted energy engage engaged excellence grant granted growth ideal innovate innovation innovative legal natural negative novel "
    "opportunities opportunity positive profit profits protect protected regards respected secure secured sincerely solution solutions "
    "strategic strength strong successful successfully value valued vision warranty win winner winning delay delayed delays "
    "hacked hacker refuse refused hope hoped hopefully hopes hoping sincere sir threat threats vulnerability vulnerable"
)
NEGATIONS = (
    "aint arent barely cannot cant couldnt didnt doesnt dont hadnt hardly hasnt havent isnt lacking neither never nobody none nor not "
    "nothing nowhere rarely seldom shouldnt wasnt werent without wont wouldnt ain't aren't can't couldn't didn't doesn't don't hadn't "
    "hasn't haven't isn't mustn't needn't shan't shouldn't wasn't weren't won't wouldn't"
)
_ENDINGS = ("s", "es", "d", "ed", "ing")


def head() -> LexiconHead:
    """Return the lexicon, cleaned of the words in LIST."""
    left_out = frozenset(LIST.read_text(encoding="utf-8").split())
    kept = {word: value for word, value in words().items() if word not in left_out}
    features = tuple(sorted(kept))
    weights = bytes(round(kept[word] / SCALE) & 0xFF for word in features)
    table = Table(features, weights, SCALE, (0.0,))
    return LexiconHead(table, tuple(sorted(NEGATIONS.split())), WINDOW, BAND, SLOPE, MIN_CONFIDENCE)


def words() -> dict[str, float]:
    """VADER's entries that are one word of the tokeniser; emoticons and numerals in words are not."""
    return {
        entry: value
        for entry, value in sources.valences().items()
        if value and tokens(f"we {entry}").words == ["we", entry]
    }


def domain_words(text: Path) -> list[str]:
    """Return the words that the rule leaves out; `text` is the folder with banking77 and CLINC150."""
    listed, feelings = words(), frozenset(FEELINGS.split())
    with gzip.open(text / "banking77-train.csv.gz", "rt", encoding="utf-8") as file:
        neutral = [row["text"] for row in csv.DictReader(file)]
    with gzip.open(text / "clinc150.json.gz", "rt", encoding="utf-8") as file:
        neutral += [message for message, _ in json.load(file)["train"]]
    sold = [json.loads(line)["text"] for line in SALES.read_text(encoding="utf-8").splitlines()]
    common = {word for word, rows in _rows(neutral, listed).items() if rows >= COMMON}
    common |= {word for word, rows in _rows(sold, listed).items() if rows >= SOLD}
    common = (common | set(FORMAL.split())) - feelings
    forms = {form for word in common for form in _forms(word)}
    return sorted(((common | forms) & listed.keys()) - feelings)


def _rows(messages: Iterable[str], listed: dict[str, float]) -> Counter[str]:
    return Counter(word for message in messages for word in set(tokens(message).words) if word in listed)


def _forms(word: str) -> list[str]:
    """The word with other endings: `charged` gives `charge`, `charges` and `charging`."""
    stems = {word} | {
        word[: -len(ending)] for ending in _ENDINGS if word.endswith(ending) and len(word) - len(ending) > 2
    }
    stems |= {stem + "e" for stem in stems} | {
        stem[:-1] for stem in stems if stem.endswith("e") and len(stem) > 3
    }
    return [stem + ending for stem in sorted(stems) for ending in ("", *_ENDINGS)]
