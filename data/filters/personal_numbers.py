"""Numbers that reach a person, or their money and records: phone, payment card, IBAN, US social security.

- `phone`: a number that is valid in some country (libphonenumber) and written as a phone number is written, or that
  follows a cue such as "call" or "Handy". Not: US 555-01xx (kept for fiction), toll-free and premium lines (no person).
- `card`: issuer prefix, length and Luhn digit agree. The payment companies' test numbers count: they look the same.
- `iban`: country format and checksum agree. `ssn`: US social security, the ranges that are issued.

Sums, ids and order numbers stay: of bare digits one in ten passes Luhn, and many are valid phone numbers somewhere.
"""

import functools
import re
from collections.abc import Iterator

from posttrain.data.filters.personal_context import (
    ARITHMETIC_BEFORE,
    GAP,
    OTHER_LABEL,
    Span,
    cue,
    is_arithmetic,
    text_before,
)

ENOUGH_DIGITS = re.compile(r"[0-9](?:[ ().\-/]{0,3}[0-9]){6}")


def _digits(number: str) -> str:
    return re.sub("[^0-9]", "", number)


def _is_sequence(digits: str) -> bool:
    """1234567890, 0000000000, 0101010101: made up."""
    return len(set(digits)) < 3 or digits in "01234567890123456789"


# ---- phone

RUN = re.compile(r"(?<![\w,.])[+(]{0,2}[0-9](?:[ ().\-/]{0,3}[0-9]){6,16}(?!\w)", re.A)
INTERNATIONAL = re.compile(r"(?<![\w+])(?:\+|\(\+|(?<!\d[ -])00(?=[1-9]))[0-9](?:[ ().\-/]{0,3}[0-9]){6,16}", re.A)
NORTH_AMERICAN = re.compile(
    r"(?<![\w.,+-])(?<!\d )(?:\+?1[-. ])?(?:\([2-9][0-9]{2}\)[- ]?|[2-9][0-9]{2}(?P<sep>[-.]))"
    r"[2-9][0-9]{2}(?(sep)(?P=sep)|[-. ])[0-9]{4}(?![\w-]|[.,/][0-9])",
    re.A,
)
NATIONAL = re.compile(
    r"(?<![\w.,+/-])(?<!\d )(?:8 ?)?(?:\([0-9]{2,3}\)|\(0[0-9]{1,4}\)|0[1-9][0-9]{0,4}|00?[1-9][0-9]{1,3})"
    r"(?:(?:[ ./-]{1,2}| [/-] )[0-9]{2,8}){1,4}(?![\w-]|[.,/][0-9]| \d)",
    re.A,
)
REGION_CODES = (  # whose ways of writing a number are known
    "US GB FR DE IT ES NL BE CH AT SE DK NO FI IE PT PL CZ RO HU GR BG UA RU TR IL AE SA EG ZA NG KE IN PK BD LK "
    "CN TW HK JP KR SG MY TH VN PH ID AU NZ BR MX AR CL CO PE"
)
REGIONS = sorted(REGION_CODES.split())
PHONE_CUE = cue(
    r"phones?|telephone|tel|tél|telefon|telefoon|telefono|teléfono|telefone|téléphone|telefonnummer|rufnummer|"
    r"telemóvel|télécopie|fax|mobile|mobil|mobiel|móvil|portable|portatile|gsm|handy|handynummer|celular|cellulare|cell|"
    r"cel|cellphone|hp|ph|mob|sms|whatsapp|wa\.me/|viber|call|calling|dial|text(?: me| us| him| her)|ring(?: me| us)|"
    r"reach(?: me| us| him| her| them)?|contact|(?:my|his|her|your) (?:number|digits)|"
    r"[mds]eine nummer|ihre nummer|(?:mi|tu|su|meu|seu) número|(?:mio|tuo|suo) numero|appelez|appeler|appelle|joindre|"
    r"joignable|numéro|anrufen|ruf|rufen|anruf|erreichbar|erreichen|erreichst du|llama|llame|llámame|llamar|"
    r"chiama|chiamami|chiamare|ligue|ligar|liga|bel|bellen|zadzwoń|dzwoń|kom|komórka|numer|ring|ringa|telefonu|cep|"
    r"телефон|телефону|тел|звони|звоните|позвони|позвоните|моб|номер телефона|(?:điện thoại|sđt|gọi)|telepon|hubungi|"
    r"هاتف|الهاتف|جوال|اتصل|اتصل بي على|फोन|फ़ोन|मोबाइल|कॉल"
)
# Scripts without spaces between words: the cue may stand anywhere in a longer run of characters.
UNSPACED_CUE = re.compile(
    rf"(?:电话|電話|手机|手機|携帯|微信|致电|拨打|联系|联络|連絡|热线|전화|휴대폰|핸드폰|연락처|번호|โทร|เบอร์)[^\d\n。！？]{{0,8}}{GAP}$"
)
CUE_AFTER = re.compile(
    r"[\s,.(\[-]{0,3}(?:is |is my |is the |est mon |ist meine |es mi )?(?:my )?(?:phone|cell|mobile|whatsapp|tel\b|fax|"
    r"handy\b|telefon|téléphone|móvil|celular|cellulare|portable|번|手机|电话)",
    re.I,
)
FRENCH = re.compile(r"\b(?:le|la|les|au|est|je|mon|ma|vous|et|une?|du|des|moi|nous|sur|pour|merci|chez)\b", re.I)
PAIRS = re.compile(r"0[1-9](?:([ .-])[0-9]{2})(?:\1[0-9]{2}){3}$")
FICTION_OR_SERVICE = re.compile(  # whichever country's number it might be as well
    r"555[-. ]?01[0-9]{2}$"
    r"|^(?:\+?1[-. ]?)?\(?8(?:00|33|44|55|66|77|88)\)?[-. ]?[0-9]{3}[-. ]?[0-9]{4}$|^0[89]00(?![0-9]{7,})"
)
NO_PERSON = {"TOLL_FREE", "PREMIUM_RATE", "SHARED_COST", "UAN", "VOICEMAIL"}


def find_phones(text: str) -> Iterator[Span]:
    """Spans of phone numbers; they may overlap, since a number can match in several ways."""
    if not ENOUGH_DIGITS.search(text):
        return
    for match in INTERNATIONAL.finditer(text):
        if end := _international_end(text, match):
            yield match.start(), end
    for match in NORTH_AMERICAN.finditer(text):
        if _is_uncued_number(text, match) and _is_persons_number(match[0], "US"):
            yield match.span()
    for match in NATIONAL.finditer(text):
        if _is_uncued_number(text, match) and _is_written_nationally(text, match):
            yield match.span()
    for match in RUN.finditer(text):
        if _has_phone_cue(text, *match.span()) and (end := _cued_end(match)):
            yield match.start(), end


def _has_phone_cue(text: str, start: int, end: int) -> bool:
    before = text_before(text, start)
    return bool(PHONE_CUE.search(before) or UNSPACED_CUE.search(before) or CUE_AFTER.match(text, end))


def _is_uncued_number(text: str, match: re.Match[str]) -> bool:
    """Nothing around the number says that it is arithmetic, an order number or the like."""
    if is_arithmetic(text, *match.span()):
        return False
    labelled = OTHER_LABEL.search(text_before(text, match.start(), 40))
    return not labelled or bool(PHONE_CUE.search(text_before(text, match.start())))


def _shorter(number: str) -> Iterator[str]:
    """The number, then without its last group of digits, and so on: `+44 20 7946 0958 12` ends too late."""
    while number:
        yield number
        shorter = re.sub(r"[ ().\-/]+[0-9]+$", "", number)
        number = shorter if shorter != number else ""


def _international_end(text: str, match: re.Match[str]) -> int | None:
    cued = _has_phone_cue(text, *match.span())
    if not cued and ARITHMETIC_BEFORE.search(text_before(text, match.start(), 20)):
        return None
    zeros = match[0].startswith("00")
    for number in _shorter(match[0]):
        end = match.start() + len(number)
        digits = _digits(number)
        if len(digits) < 8 or text[end : end + 1].isdigit() or (zeros and not cued and digits == number):
            continue
        plus = "+" + digits.removeprefix("00").replace("(0)", "")
        if "(0)" in number:
            plus = "+" + _digits(number.replace("(0)", "")).removeprefix("00")
        grouped = digits != number.lstrip("+")
        if _is_persons_number(plus, None) or (grouped and not plus.startswith("+1") and _is_possible(plus)):
            return end
    return None


def _cued_end(match: re.Match[str]) -> int | None:
    """Where a number after a cue ends, if it can be one: it is valid in some country."""
    for number in _shorter(match[0]):
        digits = _digits(number)
        if FICTION_OR_SERVICE.search(number):
            return None
        if len(digits) < 8 or re.fullmatch(r"(?:19|20)\d\d[-/.]\d\d?[-/.]\d\d?", number):
            continue
        if any(_is_persons_number(number, region) for region in REGIONS):
            return match.start() + len(number)
        if digits[0] == "0" and 10 <= len(digits) <= 11 and not _is_sequence(digits) and digits != number:
            return match.start() + len(number)  # reserved ranges, such as the UK's 07700 900, look no different
    return None


def _is_written_nationally(text: str, match: re.Match[str]) -> bool:
    """Valid somewhere, and grouped as that country groups it: chance numbers rarely are both."""
    number = match[0]
    if pairs := PAIRS.match(number):
        around = text[max(0, match.start() - 80) : match.end() + 80]
        return (pairs[1] != " " or bool(FRENCH.search(around))) and _is_persons_number(number, "FR")
    if not 9 <= len(_digits(number)) <= 12 or re.fullmatch(r"\d\d?[-./]\d\d?[-./]\d{4}", number):
        return False
    groups = re.findall("[0-9]+", number)
    return any(groups == _usual_groups(number, region) and _is_persons_number(number, region) for region in REGIONS)


@functools.lru_cache(4096)
def _parse(number: str, region: str | None):
    """libphonenumber's reading, or None. Imported here: it loads its tables country by country, on first use."""
    import phonenumbers

    try:
        return phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None


@functools.lru_cache(4096)
def _is_persons_number(number: str, region: str | None) -> bool:
    """Valid in the region (None: an international number), and neither fiction, made up nor a service line."""
    import phonenumbers

    parsed = _parse(number, region)
    if parsed is None or not phonenumbers.is_valid_number(parsed):
        return False
    if region and parsed.country_code != phonenumbers.country_code_for_region(region):
        return False
    digits = str(parsed.national_number)
    if _is_sequence(digits) or FICTION_OR_SERVICE.search(number):
        return False
    return phonenumbers.PhoneNumberType.to_string(phonenumbers.number_type(parsed)) not in NO_PERSON


def _is_possible(number: str) -> bool:
    import phonenumbers

    parsed = _parse(number, None)
    return bool(parsed) and len(number) > 10 and phonenumbers.is_possible_number(parsed)


def _usual_groups(number: str, region: str) -> list[str]:
    import phonenumbers

    parsed = _parse(number, region)
    style = phonenumbers.PhoneNumberFormat.NATIONAL
    return re.findall("[0-9]+", phonenumbers.format_number(parsed, style)) if parsed else []


# ---- card, IBAN, social security

CARD = re.compile(
    r"(?<![\w.,-])(?<!\d )(?:[2-6][0-9]{3}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{4}(?:\1[0-9]{3}(?![0-9]))?"
    r"|3[0-9]{3}([ -])[0-9]{6}\2[0-9]{4,5}|[2-6][0-9]{11,18})(?![\w]|[.,-][0-9]| [0-9]{4}\b)",
    re.A,
)
ISSUERS = (  # prefix and the lengths issued; Wikipedia, "Payment card number"
    (re.compile("4"), (13, 16, 19)),  # Visa
    (re.compile("5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), (16,)),  # Mastercard
    (re.compile("3[47]"), (15,)),  # American Express
    (re.compile("6011|64[4-9]|65|62|81|60|508"), (16, 17, 18, 19)),  # Discover, UnionPay, RuPay
    (re.compile("30[0-5]|3095|36|3[89]"), (14, 16)),  # Diners
    (re.compile("35(?:2[89]|[3-8])"), (16,)),  # JCB
    (re.compile("220[0-4]"), (16,)),  # Mir
    (re.compile("5018|5020|5038|5893|6304|6759|676[1-3]"), (12, 13, 14, 15, 16, 18, 19)),  # Maestro
)
CARD_CUE = re.compile(
    r"card|visa|amex|credit|debit|\bcc\b|\bpan\b|payment|carte|tarjeta|karte|cartão|carta|kaart|karta|карт|cvv|expir|"
    r"卡|カード|카드|بطاقة|कार्ड",
    re.I,
)


def find_cards(text: str) -> Iterator[Span]:
    """Spans of payment card numbers."""
    if not ENOUGH_DIGITS.search(text):
        return
    for match in CARD.finditer(text):
        whole = match[0]
        number = next((n for n in (whole, whole[:19]) if _is_card_number(_digits(n))), "")
        if not number or (number != whole and not (match[1] and whole[19:20] == match[1])):
            continue
        start, end = match.start(), match.start() + len(number)
        cued = CARD_CUE.search(text[max(0, start - 60) : end + 40])
        if not is_arithmetic(text, start, end) and (cued or _is_surely_card(text, start, number)):
            yield start, end


def _is_card_number(digits: str) -> bool:
    from stdnum import luhn

    issued = any(len(digits) in lengths and prefix.match(digits) for prefix, lengths in ISSUERS)
    return issued and len(set(digits)) > 1 and luhn.is_valid(digits)


def _is_surely_card(text: str, start: int, number: str) -> bool:
    """Without a word about cards: one number in ten passes Luhn, so only the common shapes away from sums and ids."""
    digits = _digits(number)
    if len(digits) not in (15, 16) or digits.endswith("000000") or OTHER_LABEL.search(text_before(text, start, 40)):
        return False
    nearby = text[max(0, start - 30) : start + len(number) + 30]
    return number != digits or not re.search(r"[=^×÷\\/]|\d,\d{3}", nearby)


IBAN = re.compile(r"(?<![^\W_])[a-z]{2}[0-9]{2}(?:[ -]?[a-z0-9]){11,30}", re.I | re.A)


def find_ibans(text: str) -> Iterator[Span]:
    """Spans of IBANs, grouped or not."""
    for match in IBAN.finditer(text):
        found = match[0]
        ends = [at for at in range(15, len(found) + 1) if at == len(found) or not found[at].isalnum()]
        for end in ends:
            after = text[match.start() + end : match.start() + end + 1]
            if _is_iban(found[:end]) and not after.isalnum():
                yield match.start(), match.start() + end
                break


def _is_iban(found: str) -> bool:
    """Country format and checksum. Not the national check digits: an IBAN that merely mistypes them is one still."""
    from stdnum import iban

    return iban.is_valid(found, check_country=False)


SSN = re.compile(r"(?<![\w.,-])(?!000|666|9)[0-9]{3}([- ]?)(?!00)[0-9]{2}\1(?!0000)[0-9]{4}(?![\w-]|[.,][0-9])", re.A)
SSN_CUE = cue(r"ssn|ss#|social security|social|social security card|seguro social|social insurance")
SAMPLE = re.compile(r"(?:format|form|pattern|example|e\.g\.|such as|like|looks like|as in)\W{0,6}$", re.I)
WITHDRAWN = {"078051120", "219099999", "457555462"}  # printed in advertisements, never valid since


def find_social_security(text: str) -> Iterator[Span]:
    """Spans of US social security numbers: with hyphens, or in any form after a cue."""
    if not ENOUGH_DIGITS.search(text):
        return
    for match in SSN.finditer(text):
        before, digits = text_before(text, match.start()), _digits(match[0])
        if digits in WITHDRAWN or (_is_sequence(digits) and SAMPLE.search(before)):
            continue
        alone = match[1] == "-" and not is_arithmetic(text, *match.span()) and not OTHER_LABEL.search(before)
        if alone or SSN_CUE.search(before):
            yield match.span()
