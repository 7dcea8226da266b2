"""Labels a number by the words around: `my passport number is` before the number, `is my account number` after the number.

A label is an entity, or PHONE, or NOT_PERSONAL. The nearest words are looked up in word lists; between those words and the number
only fillers may stand.
"""

import re
from itertools import pairwise

from leadmodel_privacy.word_lists import word_set

BARRIER = "\x1f"  # stands for each character of a placeholder: words beyond a placeholder belong to what it replaced
_WORD = re.compile(r"[^\W\d_]+")
_ASCII_WORD = re.compile(r"[a-z]+")  # the same in small letters of ASCII, in half the time
_STOPS = frozenset(".!?;")
_WORD_OR_STOP = re.compile(rf"[^\W\d_]+|[.!?;](?=\s)|{BARRIER}")
_ASCII_WORD_OR_STOP = re.compile(rf"[a-z]+|[.!?;](?=\s)|{BARRIER}")
_IS = re.compile(r",? (?:is|was|as|ist|est|es|è|é) ")
NEAR, BEFORE, AFTER = 24, 72, 40  # characters read: before a number at first, before it at most, after it
NOT_PERSONAL = "NOT"  # the number of an order, an invoice, a version: neither a phone nor a card
PHONE = "PHONE"

FILLERS = word_set(
    "number numbers num no nr nos nbr id ids identifier code is was are were be s the a an of for my his her our their your here "
    "it its on file as with reads following ending and or to at in new current old valid below that this please per under "
    "nummer lautet ist die der das meine mein meiner unter und für numero número numéro n es son el la le les mi mio mia su "
    "est de du des da do dos della del il lo un une en et é e meu minha sou is het mijn van personal full exact "
    "holder documents document card value has have changed updated provided given registered expired issued"
)

_LABEL_WORDS = {
    "SSN": "ssn ssns ssan itin nino sozialversicherungsnummer steueridentifikationsnummer steuernummer rentenversicherungsnummer nir bsn "
    "burgerservicenummer pesel cpf curp aadhaar aadhar personnummer codicefiscale dni nif tin svnr",
    "MRN": "mrn mrns patientennummer fallnummer chartnumber patientid",
    "HEALTH_PLAN": "mbi medicare medicaid versichertennummer krankenversichertennummer kvnr subscriber beneficiary insurance hicn policy "
    "poliza póliza polizza krankenkasse memberid",
    "ACCOUNT": "account accounts acct accts acc kontonummer konto compte cuenta conto conta rekening rekeningnummer routing aba bsb "
    "bankleitzahl blz iban bban accountnumber kundennummer",
    "PASSPORT": "passport passports reisepass reisepassnummer passnummer passeport pasaporte passaporto passaporte paspoort paspoortnummer "
    "ausweis ausweisnummer personalausweis personalausweisnummer",
    "DRIVER_LICENSE": "license licence licenses licences dl dln führerschein führerscheinnummer fuehrerschein permis rijbewijs rijbewijsnummer "
    "cnh certificate dea npi",
    "VIN": "vin vins chassis fahrgestellnummer fin kennzeichen plate plates nummernschild immatriculation matrícula matricula targa kenteken",
    "CVV": "cvv cvc cvc2 cvv2",
    "CREDIT_CARD": "cc pan visa mastercard amex maestro kreditkarte kreditkartennummer creditcard",
    PHONE: "phone phones telephone tel telefon telefono teléfono téléphone telefone telefoon telefonnummer telefoonnummer mobiel numer mobilnr telefonnr answers answering message messages texting msg mobile mobil mobilnummer cell cellphone "
    "cel celular móvil movil cellulare portable handy handynummer whatsapp sms fax faxnummer faks telefax landline hotline dial "
    "telegram viber call calling ring phonenumber rufnummer rückruf durchwahl gsm telemóvel telemovel callback",
    NOT_PERSONAL: "order orders invoice invoices tracking ticket tickets case ref reference sku item items part parts serial batch lot po rma "
    "transaction shipment parcel confirmation booking build version release firmware isbn ean upc asin bestellung bestellnummer rechnung "
    "rechnungsnummer sendung sendungsnummer commande facture pedido factura ordine fattura encomenda fatura bestelling factuur model issue "
    "bug commit revision article product error quote po job task request incident gtin barcode tracking-id auftrag auftragsnummer "
    "txn trx transactions trans transaktion transaktionsnummer voucher coupon authorization authorisation approval folio docket "
    "imei imsi iccid meid serials seriennummer waybill awb consignment shipments parcels packages pn mpn oem artikel artikelnummer "
    "teilenummer catalog catalogue asset inventory barcodes eans isbns issn doi patent sprint story epic thread checksum hash sha md5 "
    "timestamp epoch coordinates latitude longitude lat lon lng dimensions score scores",
}
_LABEL_PHRASES = {
    "SSN": "social security|social insurance|national insurance|tax id|tax identification|taxpayer identification|taxpayer id|steuer id|"
    "sécurité sociale|securite sociale|seguridad social|seguro social|codice fiscale|personal number|national id|national identity|"
    "identity number|identity card|citizen id|resident id|citizen number|cédula de|id card|pan card|sin number|nie number|tax number|fiscal code|tax file",
    "MRN": "medical record|medical records|medical id|medical number|patient id|patient number|patient no|patient identifier|patient record|"
    "chart number|chart no|chart id|chart nr|hospital number|hospital id|hospital no|health record|dossier médical|historia clínica|cartella clinica|"
    "prontuário médico|patienten id|patienten nr|dossier patient|nhs number|nhs no|clinic id|clinic number|record number|record no",
    "HEALTH_PLAN": "health plan|health insurance|health card|member id|member no|member number|membership id|membership number|subscriber id|"
    "plan id|plan number|plan no|group number|carte vitale|tarjeta sanitaria|tessera sanitaria|insurance id|health id|plan beneficiary",
    "ACCOUNT": "bank account|sort code|transit number|customer number|customer id|customer no|client number|bank number|checking account|"
    "savings account|swift code|wire account|numéro client|número cliente|bank konto|kunden nr|banking number|a c",
    "PASSPORT": "passport no|travel document|carte identité|cni numéro|identity document",
    "DRIVER_LICENSE": "driver license|drivers license|driver licence|drivers licence|driving licence|driving license|driver s|permiso conducir|patente guida|"
    "carta condução|carteira motorista",
    "VIN": "license plate|licence plate|number plate|registration plate|plate number|plate no|vehicle registration|vehicle identification|"
    "car registration|vehicle id|license plates|reg plate",
    "CREDIT_CARD": "credit card|debit card|bank card|card number|card no|card ending|carte bancaire|carte crédit|tarjeta crédito|carta credito",
    PHONE: "reach me|text me|contact number|my number|call me|numéro de|my cell|contact me|my registered",
}
_WORDS = {word: label for label, words in _LABEL_WORDS.items() for word in words.split()}
_PHRASES = {phrase: label for label, phrases in _LABEL_PHRASES.items() for phrase in phrases.split("|")}
_SECOND_WORDS = frozenset(phrase.split()[1] for phrase in _PHRASES)
_PHONE_WORDS = frozenset(word for word, label in _WORDS.items() if label == PHONE)
_PHONE_PHRASES = frozenset(tuple(phrase.split()) for phrase, label in _PHRASES.items() if label == PHONE)
CARDS = word_set("card cards karte carte tarjeta carta cartão kaart")
CARRIERS = word_set(
    "ups fedex dhl usps dpd gls hermes evri tnt ontrac purolator colissimo chronopost poste postnl bpost seur correos"
)
_READ_ON = (
    FILLERS | CARDS | CARRIERS | _SECOND_WORDS | _WORDS.keys()
)  # at any other word, as most are, a search for a label ends
_OF_THINGS = CARRIERS | {word for word, label in _WORDS.items() if label == NOT_PERSONAL}
ANY_NUMBER = word_set(
    "id ids code codes user users key keys pin otp token lead leads deal deals campaign session row line file page record entry task "
    "customer client kunde hash value count total amount sum"
)
BIRTH = word_set(
    "born dob birth birthday birthdate bday birthdays geboren geb geburtsdatum geburtstag né née naissance nacido nacida nacimiento "
    "nato nata nascita geboortedatum nascimento nascido nascida urodzony urodzona urodzenia född fødselsdato födelsedatum syntymä "
    "deceased died admitted admission discharged discharge aniversario anniversaire compleanno cumpleaños verjaardag"
)


def words_before(low: str, start: int) -> list[str]:
    """The words before a position, in small letters, the nearest last."""
    return _tokens(_ASCII_WORD if low.isascii() else _WORD, low, start, BEFORE)


def _tokens(pattern: re.Pattern[str], low: str, start: int, reach: int) -> list[str]:
    begin = start - reach if start > reach else 0
    if (barrier := low.rfind(BARRIER, begin, start)) > begin:
        begin = barrier
    tokens = pattern.findall(low, begin, start)
    cut = begin and tokens and low[begin - 1].isalpha() and low[begin].isalpha()
    return tokens[1:] if cut else tokens


def words_after(low: str, end: int) -> list[str]:
    """The words after a position, in small letters, the nearest first."""
    barrier = low.find(BARRIER, end, end + AFTER)
    word = _ASCII_WORD if low.isascii() else _WORD
    return word.findall(low, end, end + AFTER if barrier < 0 else barrier)


def label_before(low: str, start: int) -> str | None:
    """The label that the nearest words give the number at this position; the end of a sentence cuts the words off.

    A stop right before the number does not count as an end.
    """
    label, at = nearest_label(words_and_stops(low, start, NEAR))
    if at > 0 or start <= NEAR:
        return label
    return nearest_label(words_and_stops(low, start, BEFORE))[0]


def words_and_stops(low: str, start: int, reach: int) -> list[str]:
    """List the words and sentence ends before a place; a sentence end right before the place is left out."""
    tokens = _tokens(_ASCII_WORD_OR_STOP if low.isascii() else _WORD_OR_STOP, low, start, reach)
    if tokens and tokens[-1] in _STOPS:
        del tokens[-1]
    return tokens


def nearest_label(tokens: list[str]) -> tuple[str | None, int]:
    """The label of the nearest labelled word, found by walking back over fillers, and the index of that word.

    An index of 0 tells the caller that words further back may change the label; a word that ends the search gives 1. Words for
    a card and the names of parcel carriers are the weakest words and count only where no other word labels the number as personal.
    """
    weak, i = None, 0
    for i in range(len(tokens) - 1, max(-1, len(tokens) - 9), -1):
        token = tokens[i]
        if token not in _READ_ON:
            return weak, 1
        if (label := _label_at(tokens, i)) is not None:
            return (weak or label if label == NOT_PERSONAL else label), i
        if token in CARDS:
            weak = "CREDIT_CARD"
        elif token in CARRIERS:
            weak = weak or NOT_PERSONAL
        elif token not in FILLERS:
            break
    return weak, i


def _label_at(words: list[str], i: int) -> str | None:
    if i and words[i] in _SECOND_WORDS and (label := _PHRASES.get(f"{words[i - 1]} {words[i]}")) is not None:
        return label
    return _WORDS.get(words[i])


def label_within(token: str) -> str | None:
    """The label of the letters that a number begins with, as in `MRN-00123456`."""
    letters = _WORD.match(token)
    return _WORDS.get(letters.group()) if letters else None


def label_after(low: str, end: int) -> str | None:
    """The label that follows a number, as in `… is my passport number`."""
    if not _IS.match(low, end):
        return None
    words = words_after(low, end)
    for i in range(1, min(6, len(words))):
        if (label := _label_at(words, i)) is not None:
            return label
        if words[i] not in FILLERS:
            return None
    return None


def phone_near(low: str, start: int, end: int) -> bool:
    """True if a word of telephony stands near, whatever words are between."""
    near = [*words_before(low, start)[-9:], *words_after(low, end)[:4]]
    return not _PHONE_WORDS.isdisjoint(near) or not _PHONE_PHRASES.isdisjoint(pairwise(near))


def no_phone_near(low: str, start: int, end: int) -> bool:
    """True if words near bare digits name a number that is not a phone number."""
    near = words_before(low, start)[-8:]
    return (
        not _OF_THINGS.isdisjoint(near)
        or not ANY_NUMBER.isdisjoint(near[-3:])
        or not CARRIERS.isdisjoint(words_after(low, end)[:3])
        or label_after(low, end) is not None
    )


def birth_near(low: str, start: int, end: int) -> bool:
    """True if a word of birth, admission, discharge or death stands near."""
    near = [*words_before(low, start)[-7:], *words_after(low, end)[:5]]
    return not BIRTH.isdisjoint(near) or "d.o.b" in low[max(0, start - 16) : start]


def labels_as_personal(words: str) -> bool:
    """True if the words by themselves, such as the name of a field, label a number as personal."""
    low = words.lower()
    return label_before(low, len(low)) not in {None, NOT_PERSONAL} or birth_near(low, len(low), len(low))
