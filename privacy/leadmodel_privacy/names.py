"""Finds NAME, only after a cue that a name follows: `my name is`, `Mr`, `Dear`, a signature. Other names are not searched for."""

import re
from collections.abc import Iterator

from leadmodel_privacy.scanned_text import ScannedText, Span
from leadmodel_privacy.surroundings import BARRIER
from leadmodel_privacy.word_lists import contains_any, phrase_list, word_set

_WORD = r"[^\W\d_](?:[^\W\d_]|['-](?=[^\W\d_])){0,30}"
_NAME = rf"({_WORD}(?:\.(?= ))?(?: {_WORD}(?:\.(?= ))?){{0,3}})"
_INTRODUCTIONS = (
    r"my (?:full |first |last |real )?name(?: is|'s|:| was)|(?:the |full |first |last |sur|fore|given |family |customer |patient |contact |account holder )?name(?: is|:)|"
    r"name on (?:the |my )?(?:card|account)(?: is|:)|ich heiße|ich heisse|mein name ist|je m'appelle|mon nom est|me llamo|mi nombre es|mi chiamo|"
    r"il mio nome è|meu nome é|mijn naam is|ik heet|nazywam się|call me|i am called|nom ?:|nombre ?:|nome ?:|naam ?:|vorname ?:|nachname ?:|"
    r"(?:customer|patient|client|contact|recipient|sender|attn|from|signed(?: by)?|caller|applicant|insured|employee|cardholder) ?:"
)
_TITLES = (
    "mr|mrs|ms|miss|mx|dr|prof|professor|herr|herrn|frau|fr|hr|monsieur|madame|mme|mlle|señor|señora|sr|sra|srta|signor|signora|sig|dhr|mevr|"
    "mevrouw|meneer|senhor|senhora|sir|lady|rev|capt|sgt|lt"
)
_GREETINGS = "dear|hi|hello|hey|hallo|liebe|lieber|cher|chère|bonjour|hola|querido|querida|estimado|estimada|ciao|caro|cara|olá|beste|geachte|good morning|good afternoon|good evening|thanks|thank you"
_CLOSINGS = (
    "regards|sincerely|best wishes|cheers|yours truly|yours faithfully|yours|grüßen|grüße|gruß|cordialement|saludos|saluti|groeten|groet|best|thanks|thank you|"
    "abraços|atenciosamente|cordialmente|atentamente|respectfully"
)
_I_AM = "i am|i'm|this is|it's|ich bin|je suis|soy|sono|sou|ik ben|speaking with|spoke to|spoke with|talked to|talk to|patient|named|aka|met with"
_INTRODUCED = rf"(?:(?<=:)|(?!\w))[^\S{BARRIER}]{{0,3}}(?i:mr\.? |mrs\.? |ms\.? |dr\.? )?{_NAME}(?![\w@])"
_INTRODUCTION = re.compile(rf"(?<![^\W_])(?i:{_INTRODUCTIONS}){_INTRODUCED}")
_ASCII_INTRODUCTION = re.compile(rf"(?<![^\W_])(?:{_INTRODUCTIONS}){_INTRODUCED}")  # of small letters only
_INTRODUCTION_STEMS = phrase_list(
    "name|call me|called|nom|heiße|heisse|appelle|llamo|chiamo|naam|heet|nazywam"
)
_COLON_STEMS = phrase_list(  # of the labels that only a colon makes an introduction
    "tomer|patient|client|contact|recipient|ender|attn|from|igned|caller|applicant|ured|employee|cardholder"
)
_FOLLOWING = re.compile(rf"{_NAME}(?![\w@])")
_CAPITAL = re.compile(r"[A-ZÀ-ÖØ-ÞĀ-ŽА-Я][\w'@.-]*")
_ASCII_CAPITAL = re.compile(r"[A-Z][\w'@.-]*")  # the same in a text without other letters, in half the time
_CUES = {
    cue: kind
    for kind, cues in (("i am", _I_AM), ("closing", _CLOSINGS), ("greeting", _GREETINGS), ("title", _TITLES))
    for cue in phrase_list(cues)
}
_ENDS = tuple(_CUES)
_LAST_LETTERS = frozenset(cue[-2:] for cue in _CUES)  # most words before a capital letter end in others
_TITLED = tuple(cue for cue, kind in _CUES.items() if kind == "title")
_GAP = " \n,.!-~—:"
_BOTH = frozenset(
    {"thanks", "thank you", "best"}
)  # a greeting before a comma, a closing on a line of its own
_BACK = 24  # characters read before a capital letter
_CLOSED = frozenset(["", *",!.:;?\n-(|"])
_PARTICLES = word_set(
    "van von der den de da di du del della la le el al bin ben ibn dos das zu zur ter ten y e st"
)
_NOT_NAMES = word_set(
    "a an the and or but so not no yes ok okay all everyone everybody team support sir sirs madam madams ladies gentlemen there here it is was are be been being i you he she we "
    "they my your his her our their me us them this that these those what who when where why how which just still very really now then today "
    "tomorrow yesterday monday tuesday wednesday thursday friday saturday sunday january february march april june july august september october "
    "november december customer customers client service services sales admin administrator manager help helpdesk desk folks guys friends friend "
    "again world colleague colleagues partner partners hiring recruiting recruiter billing account accounts department dept office company inc llc "
    "ltd gmbh corp ag sa group bank please thanks thank regards best kind warm sincerely looking interested happy sad glad sorry sure afraid trying "
    "going having getting calling writing waiting working using new old good great fine well ready able unable about from with for at in on of to by as "
    "if because since until while after before also too only even ever never always german french spanish italian english american british dutch indian "
    "chinese japanese polish portuguese brazilian canadian australian irish swiss austrian european order orders invoice email phone mail number "
    "address dispatch purchasing procurement logistics reception accounting payroll damen herren grüße grüsse grüssen grüßen gruß gruss alle zusammen und oder nicht sehr der die das ein eine ich sie wir hier aus bei mit auf am im von madames messieurs "
    "tous toute équipe et ou pas très le les un une des señores señoras todos equipo por para con en y o muy estoy bien gracias grazie merci danke "
    "tutti team ai bot assistant agent system user username file hi hello hey dear mr mrs ms dr prof herr frau would could should can will may might must do does did has have had "
    "need want like love hope think know see let get got make made take give more most some any each every other another one two three four five first "
    "last next back up down out over under off through urgent important confidential private public free test demo sample example unknown none null "
    "missing required optional invalid wrong correct right left true false"
)
_COMPANY = word_set(
    "inc llc ltd gmbh corp ag plc kg bv nv co company group bank team support service services sales department office solutions systems technologies "
    "software labs media partners consulting store shop university college hospital clinic center centre insurance"
)


def names(scanned: ScannedText) -> Iterator[Span]:
    """Spans that follow a cue and look like a name."""
    text, low = scanned.text, scanned.low
    if scanned.introduces is not False:
        scanned.introduces = may_introduce(low)
    if scanned.introduces:
        introductions = _ASCII_INTRODUCTION.finditer(low) if low.isascii() else _INTRODUCTION.finditer(text)
        for match in introductions:
            start, end = match.span(1)
            if (length := _length("introduction", text[start:end], text[end : end + 1])) > 0:
                yield start, start + length, "NAME"
    if scanned.behind_cues is None:
        scanned.behind_cues = _behind_cues(text, low)
    for start in scanned.behind_cues:
        if text[start] == BARRIER:
            continue  # hidden since the places were found
        if (kind := cue_before(low, start)) is not None and (name := _FOLLOWING.match(text, start)):
            length = _length(kind, name[1], text[name.end() : name.end() + 1])
            if length > 0:
                yield start, start + length, "NAME"


def _behind_cues(text: str, low: str) -> list[int]:
    """Where the capital letters stand that may follow a cue: few of all."""
    is_ascii = text.isascii()
    if is_ascii and text == low:
        return []
    places = []
    for capital in (_ASCII_CAPITAL if is_ascii else _CAPITAL).finditer(text):
        start = capital.start()
        if not (
            low[start - 1 : start] == " "
            and low[start - 2] not in _GAP
            and low[start - 3 : start - 1] not in _LAST_LETTERS
        ) and not cannot_follow_cue(low, start):
            places.append(start)
    return places


def may_introduce(low: str) -> bool:
    """True if a text can hold an introduction; most colons, as of times and addresses, stand behind no label."""
    return contains_any(low, _INTRODUCTION_STEMS) or (":" in low and contains_any(low, _COLON_STEMS))


def cannot_follow_cue(low: str, start: int) -> bool:
    """True if no cue can end before a capital letter, which spares most capital letters the search for a cue."""
    if start < 2:
        return True
    if low[start - 1] != " ":
        return False
    if low[start - 2] not in _GAP:
        return not low.endswith(_ENDS, max(0, start - _BACK), start - 1)
    return (
        low[start - 2] == "."
        and low[start - 3] not in _GAP
        and not low.endswith(_TITLED, max(0, start - _BACK), start - 2)
    )


def cue_before(low: str, start: int) -> str | None:
    """The kind of the cue that ends right before a capital letter, or None."""
    window = low[max(0, start - _BACK) : start]
    before = window.rstrip(_GAP)
    gap = window[len(before) :]
    if not gap or not before.endswith(_ENDS):
        return "closing" if "\n" in gap and gap.strip(" \n") in {"-", "--", "~", "—"} else None
    for length in range(min(len(before), 18), 1, -1):
        cue = before[-length:]
        if cue in _CUES and not (
            before[-length - 1 : -length].isalnum() or before[-length - 1 : -length] in {"@", ".", "-", "'"}
        ):
            return _fitting(cue, gap)
    return None


def _fitting(cue: str, gap: str) -> str | None:
    kind = _CUES[cue]
    match kind:
        case "title":
            return kind if gap in {" ", ". "} else None
        case "i am":
            return kind if gap == " " else None
        case "greeting" if not (cue in _BOTH and "\n" in gap):
            return kind if gap in {" ", ", "} else None
    return "closing" if "\n" in gap or gap == ", " else None


def _length(kind: str, following: str, after: str) -> int:
    """The number of characters, of the words that follow a cue, that are a name; 0 for none."""
    parts = following.split(" ")
    kept = _leading(parts, any_case=kind == "introduction")
    if not kept or any(word.lower().strip(".") in _COMPANY for word in parts[: kept + 1]):
        return 0
    if kind == "i am" and kept < 2 and not (kept == len(parts) and after[:1] in {"", ",", ".", "!", "\n"}):
        return 0
    if kind in {"greeting", "closing"} and (kept < len(parts) or after not in _CLOSED):
        return 0
    return len(" ".join(parts[:kept]).rstrip("."))


def _leading(parts: list[str], *, any_case: bool) -> int:
    kept = small = 0
    for i, word in enumerate(parts):
        plain = word.lower().strip(".'")
        if (
            plain in _PARTICLES
            and i + 1 < len(parts)
            and parts[i + 1][0].isupper()
            and parts[i + 1].lower() not in _NOT_NAMES
        ):
            continue
        if plain in _NOT_NAMES or (not word[0].isupper() and (not any_case or small != i or i > 1)):
            break
        small += word[0].islower()
        kept = i + 1
    return kept
