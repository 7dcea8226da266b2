"""Builds the lexicon of the name tagger: each word with four levels, for first name, surname, ordinary word and place or brand."""

import lzma
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import islice

from grammar import brands
from sources import (
    LANGUAGES,
    census,
    common_words,
    faker_names,
    frequencies,
    german_nouns,
    mimesis_names,
    mimesis_words,
    towns,
    words_of,
)

from leadmodel_privacy.word_lists import word_set

# First names that are also words of everyday: subtitles cannot tell them apart, so a person did.
BOTH = word_set(
    "will mark may april june august rose grace hope faith joy bill rich pat sue art dean chase chance grant drew frank earnest "
    "sunny summer autumn dawn eve ivy lily violet daisy olive heather hazel holly ginger amber ruby pearl crystal jade opal "
    "charity patience honor destiny harmony melody lyric trinity precious royal major king prince duke earl baron messiah judge "
    "angel christian german roman norman jean jan mai gay guy gene rob skip buck rusty sandy misty stormy sky star wren robin jay "
    "drake cliff glen dale heath forest brook reed clay rocky stone miles page paige carter mason hunter archer sailor taylor "
    "cooper porter parker turner tanner ray sterling penny cash price love long young white black brown green gray grey cherry "
    "candy honey kitty bunny tiger rex max lane pia pio santo santa bianca bianco rosa blanca dolores consuelo pilar mercedes "
    "milagros cruz paz luz sol luna marina celeste estrella alba aurora gloria victoria esperanza fe caridad angeles reyes rey "
    "salvador jesus domingo serena chiara chiaro felice allegra fortunato vita viola perla gioia stella franco dario pace olivier "
    "marine claire france reine prudence constance aime aimee desire violette marguerite colombe noel pascal honore juste clement "
    "parfait belle fleur lieve rein hoop sterre wim roos ernst bernd franz sonne engel kai ida ina uni ben sir madame miss lord "
    "lady senior junior clara aida vera nova maya india asia china paris london sydney dallas austin houston phoenix chelsea "
    "brooklyn savannah madison lincoln jackson jordan israel kenya don mercy"
)
MIN_POPULATION = 50_000
# Words of trade and technology that subtitles do not know.
TRADE = word_set(
    "demo mart server sku gmbh llc ltd inc plc bv nv ag kg srl spa sarl sas pcs qty iban bic swift sepa crm erp org timestamp eur usd gbp chf pln api url uri "
    "html css json xml yaml csv pdf docx xlsx png jpg jpeg gif zip sms mms rcs sim esim imei wifi lan vpn dns ip ipv4 ipv6 http https ssl tls ssh "
    "ftp smtp imap oauth sso mfa otp pin puk cvv cvc kyc aml gdpr dsgvo rgpd hipaa nda sla kpi roi saas paas b2b b2c smb sme faq eta eod asap fyi "
    "btw imo lol omg thx pls plz ok okay app apps login logout signup username webhook webhooks backend frontend cron sha uuid guid ean upc gtin isbn "
    "asin lon gmt utc cet est pst kwh kg mm cm ml gb mb kb tb ghz mhz px rgb usb hdmi led lcd oled ssd hdd gpu cpu ram cloud dashboard upsell onboarding "
    "churn helpdesk chatbot newsletter unsubscribe spam inbox invoice invoices refund refunds reorder restock backorder prepaid postpaid signup "
    "mwst ust uid hrb plz str nr tel fax mobil vat iva tva btw nif cif nie siret siren kvk rma awb eta po hs incoterms fob cif exw teilzahlung "
    "rückruf rückrufe ratenzahlung kündigungsfrist auftragsbestätigung lieferschein zählerstand devis facture presupuesto factura preventivo offerte "
    "orçamento boleto pix cnpj cpf nif nfe kundennummer kundendienst rechnungsnummer"
)
COMMONEST = 300  # words of each language that are no name, unless a person listed them among BOTH
OFTEN = 6000  # words of each language that outweigh a rare first name
OFTEN_ENGLISH = (
    4000  # English words that outweigh any first name: their list holds few names, and these come later
)
VERBS_ENGLISH = (
    16000  # English words among which a verb outweighs any first name: its forms occur twice as often
)


@dataclass
class Word:
    """The levels of a word, each 0 to 3: as a first name, a surname, an ordinary word, a place or brand."""

    first: int = 0
    last: int = 0
    ordinary: int = 0
    place: int = 0

    @property
    def code(self) -> int:
        """The four levels in one number."""
        return self.first + 4 * self.last + 16 * self.ordinary + 64 * self.place


@dataclass
class Lexicon:
    """Words with their levels, and the names of each country for the generator of sentences."""

    words: defaultdict[str, Word] = field(default_factory=lambda: defaultdict(Word))
    names: defaultdict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))


def folded(word: str) -> str:
    """Give the word without its accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))


def build() -> Lexicon:
    """The lexicon from all sources."""
    lexicon = Lexicon()
    _add_names(lexicon)
    _add_census(lexicon)
    _add_ordinary(lexicon)
    _add_places(lexicon)
    for word in sorted(lexicon.words):
        if (plain := folded(word)) != word and plain.isascii():
            levels, known = lexicon.words[word], lexicon.words[plain]
            if known.ordinary == 3 and not known.first:  # pärt does not make a name of part
                levels = replace(levels, first=0, last=0)
            _raise(known, levels)
    return lexicon


def _raise(to: Word, levels: Word) -> None:
    for level in ("first", "last", "ordinary", "place"):
        setattr(to, level, max(getattr(to, level), getattr(levels, level)))


def _add_names(lexicon: Lexicon) -> None:
    countries: dict[str, defaultdict[str, set[str]]] = {"first": defaultdict(set), "last": defaultdict(set)}
    for country, kind, entries in [*faker_names(), *mimesis_names()]:
        for entry in entries:
            parts = words_of(entry)
            if parts and len(parts) == len(entry.split()):
                lexicon.names[country.replace("-", "_").lower(), kind].append(" ".join(parts))
            for part in parts:
                if len(part) > 2 or len(parts) == 1:
                    countries[kind][part].add(country[:2])
    for word, seen in countries["first"].items():
        lexicon.words[word].first = min(3, len(seen))
    for word, seen in countries["last"].items():
        lexicon.words[word].last = min(3, 1 + len(seen))


def _add_census(lexicon: Lexicon) -> None:
    for which, limit in (("male.first", 300), ("female.first", 500)):
        for rank, word in enumerate(census(which)):
            _raise(lexicon.words[word], Word(first=3 if rank < limit else 2 if rank < 3 * limit else 1))
    for rank, word in enumerate(census("all.last")):
        _raise(lexicon.words[word], Word(last=3 if rank < 2000 else 2 if rank < 15000 else 1))


def _add_ordinary(lexicon: Lexicon) -> None:
    common, commonest = {*common_words(), *BOTH}, set(TRADE)
    often: set[str] = set()
    for language in LANGUAGES:
        counts = frequencies(language)
        floor = min(counts.values())
        ranked = sorted((w for w in counts if counts[w] > floor), key=lambda w: (-counts[w], w))
        often.update(ranked[:OFTEN])
        commonest.update(common.intersection(ranked[:COMMONEST]))
        _ordinary(lexicon, ranked[:2000], 3, common)
        _ordinary(lexicon, ranked[2000:8000], 2, common)
        _ordinary(lexicon, islice(ranked, 8000, 24000), 1, common)
        if language == "en":
            _outweigh(lexicon, {*ranked[:OFTEN_ENGLISH], *_verbs(counts, ranked[:VERBS_ENGLISH])} - BOTH)
    for word in often - BOTH:  # a name of one country only, and an everyday word of another
        if lexicon.words[word].first == 1 and lexicon.words[word].last < 3:
            lexicon.words[word].first = lexicon.words[word].last = 0
            _ordinary(lexicon, [word], 2, common)
    _ordinary(lexicon, german_nouns(), 1, common)
    _ordinary(lexicon, mimesis_words(), 2, common)
    _ordinary(lexicon, common, 3, common)
    for word in (common | TRADE) - BOTH:
        levels = lexicon.words[word]
        levels.ordinary = 3
        levels.first = levels.first if levels.first == 3 and word not in commonest else 0
        levels.last = levels.last if levels.last == 3 and word not in commonest else 0


def _verbs(counts: Counter[str], ranked: list[str]) -> set[str]:
    """Words whose forms in -ed and -ing occur twice as often as the word: *edit*, not *jack*."""
    stems = {word: word.removesuffix("e") for word in ranked if len(word) > 3}
    return {
        word for word, stem in stems.items() if counts[f"{stem}ed"] + counts[f"{stem}ing"] > 2 * counts[word]
    }


def _outweigh(lexicon: Lexicon, words: set[str]) -> None:
    """Make words ordinary that are listed as first names: *loan*, *tea*, *alert*."""
    for word in words:
        levels = lexicon.words[word]
        if levels.first:
            levels.first, levels.ordinary = 0, 3
            levels.last = levels.last if levels.last == 3 else 0


def _ordinary(lexicon: Lexicon, words: Iterable[str], level: int, common: set[str]) -> None:
    """Raise the level of ordinary words; a first name is ordinary only where a list without names holds the word too."""
    for word in words:
        levels = lexicon.words[word]
        if not levels.first or word in common:
            levels.ordinary = max(
                levels.ordinary, min(level, 2) if levels.first or levels.last > 1 else level
            )
    for word in common:
        lexicon.words[word].ordinary = max(lexicon.words[word].ordinary, 2)


def _add_places(lexicon: Lexicon) -> None:
    for name, population in towns():
        if population >= MIN_POPULATION:
            level = 3 if population > 500_000 else 2 if population > 150_000 else 1
            for word in words_of(name):
                if len(word) > 3 and lexicon.words[word].ordinary < 2:
                    lexicon.words[word].place = max(
                        lexicon.words[word].place, level if " " not in name else 1
                    )
    for brand in brands():
        for word in words_of(brand):
            lexicon.words[word].place = 3


def packed(lexicon: Lexicon) -> bytes:
    """The words by class, one line for each class, compressed."""
    classes: defaultdict[int, list[str]] = defaultdict(list)
    for word, levels in lexicon.words.items():
        if levels.code:
            classes[levels.code].append(word)
    lines = [f"{code} {' '.join(sorted(classes[code]))}" for code in sorted(classes)]
    return lzma.compress("\n".join(lines).encode(), preset=9 | lzma.PRESET_EXTREME)


def summary(lexicon: Lexicon) -> str:
    """How many words have which level."""
    counts: Counter[str] = Counter()
    for word in lexicon.words.values():
        counts.update(level for level in ("first", "last", "ordinary", "place") if getattr(word, level))
    return f"{len(lexicon.words):,} words: " + ", ".join(
        f"{n:,} {level}" for level, n in counts.most_common()
    )
