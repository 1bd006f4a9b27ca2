"""Personal information: what identifies a person, or opens their account, and must not be learned by heart.

What counts as a find, and what does not:

- `email`: a person's address, also `jo [at] gmail [dot] com`. Not: the example domains of RFC 2606 and their everyday
  kin (test.com, yourdomain.com), placeholders (`your.name@`), role addresses (`support@`, `noreply@`: a desk is no
  person), `git@host:path`, `user@host:~$`, `@handles`.
- `phone`: a number that is valid in some country (libphonenumber) and written as a phone number is written, or that
  follows a cue such as "call" or "Handy". Not: US 555-01xx (kept for fiction), toll-free and premium lines (no person).
- `card`: issuer prefix, length and Luhn digit agree. The payment companies' test numbers count: they look the same.
- `iban`: country format and checksum agree. `ssn`: US social security, the ranges that are issued.
- `ip`: a public host. Not: private, loopback, documentation addresses, whole networks, public resolvers, versions.
- `key`: tokens of known services, JWT, PEM private keys, `password=...` with a value that looks random. Not:
  placeholders, variables, calls, hashes, UUIDs without a cue.
"""

import functools
import ipaddress
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import log2

from posttrain.data.conversation import map_texts, texts
from posttrain.data.filters import Finding, Row
from posttrain.errors import UserError

KINDS = ("email", "phone", "card", "iban", "ssn", "ip", "key")
ACTIONS = ("drop", "mask")
CONTEXT = 40  # characters shown on each side of a find
Span = tuple[int, int]
Find = tuple[str, int, int]


@dataclass
class PersonalInformation:
    """Masks each find as `[EMAIL]`, `[PHONE]`, ... or drops the row. Raises UserError on an unknown action or kind."""

    action: str = "mask"
    kinds: list[str] | None = None  # of KINDS; None: all
    stateful = False

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise UserError(f"action={self.action!r}: give one of {', '.join(ACTIONS)}")
        if self.kinds is not None and (not isinstance(self.kinds, list | tuple) or not self.kinds):
            raise UserError(f"kinds={self.kinds!r}: give a list of {', '.join(KINDS)}, or leave it out for all")
        for kind in self.kinds or ():
            if kind not in KINDS:
                raise UserError(f"kinds: unknown kind {kind!r}; give some of {', '.join(KINDS)}")

    def __call__(self, row: Row) -> Finding | None:
        """None when no text of the row, prompt or reply, holds personal information."""
        found: set[str] = set()
        shown = ""
        for _, text in texts(row):
            finds = self._find(text)
            if finds and not found:
                shown = excerpt(text, finds)
            found.update(kind for kind, _, _ in finds)
        if not found:
            return None
        mended = map_texts(row, lambda text: mask(text, self._find(text))) if self.action == "mask" else None
        return Finding("+".join(kind for kind in KINDS if kind in found), shown, mended)

    def _find(self, text: str) -> list[Find]:
        return [find for find in find_personal(text) if self.kinds is None or find[0] in self.kinds]


def find_personal(text: str) -> list[Find]:
    """(kind, start, end) of each find, sorted, without overlaps: the surer kind wins, then the earlier and longer."""
    if not text.isascii() and FANCY.search(text):
        text = text.translate(PLAIN)
    finds: list[Find] = []
    taken = bytearray(len(text))
    for kind, find in FINDERS.items():
        for start, end in sorted(find(text), key=lambda span: (span[0], -span[1])):
            if not any(taken[start:end]):
                taken[start:end] = b"\1" * (end - start)
                finds.append((kind, start, end))
    return sorted(finds, key=lambda find: find[1])


def mask(text: str, finds: list[Find]) -> str:
    """The text with each find replaced by its kind in brackets."""
    pieces, at = [], 0
    for kind, start, end in finds:
        pieces += [text[at:start], f"[{kind.upper()}]"]
        at = end
    return "".join([*pieces, text[at:]])


def excerpt(text: str, finds: list[Find]) -> str:
    """The first find in its context, on one line; every find in it is starred out, so that a report spreads none."""
    limit = finds[0][2] + CONTEXT
    at = max(0, finds[0][1] - CONTEXT)
    pieces = []
    for kind, start, end in finds:
        if start >= limit:
            break
        pieces += [text[at:start], _starred(kind, text[start:end])]
        at = end
    pieces.append(text[at:limit])
    line = " ".join("".join(c if c.isprintable() else " " for c in "".join(pieces)).split())
    return f"{'…' if finds[0][1] > CONTEXT else ''}{line}{'…' if max(at, limit) < len(text) else ''}"


def _starred(kind: str, found: str) -> str:
    """`j***@e***.com`, `+44 ** **** ****`, `AKI***`: enough to judge the find by, too little to use it."""
    if kind == "email":
        local, at, domain = found.partition("@")
        return f"{local[:1]}***@{domain[:1]}***.{domain.rpartition('.')[2]}" if at else f"{local[:1]}***"
    if kind == "key":
        return found[: min(6, len(found) // 8)] + "***"
    shown = {"phone": 2, "card": 1, "iban": 2, "ssn": 0, "ip": 2}[kind]
    seen = 0
    stars = []
    for char in found:
        seen += char.isalnum()
        stars.append("*" if char.isalnum() and seen > shown else char)
    return "".join(stars)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Character for character, so that positions hold: digits of other scripts, full-width @ and +, odd spaces and hyphens.
PLAIN = {zero + value: str(value) for zero in (0x660, 0x6F0, 0x966, 0x9E6, 0xE50, 0xFF10) for value in range(10)}
PLAIN |= dict.fromkeys(map(ord, "\u00a0\u2007\u2009\u202f\u3000"), " ") | dict.fromkeys(map(ord, "‐‑‒–−"), "-")
PLAIN |= {ord("＠"): "@", ord("＋"): "+", ord("："): ":", ord("（"): "(", ord("）"): ")"}

FANCY = re.compile(f"[{''.join(map(chr, PLAIN))}]")

# What joins a label to its value: `Phone: 1`, `"phone": "1"`, `**Phone** 1`, `| phone | 1`, `phone=1`.
GAP = r"[\s:=.,\"'`(\[*_#|>-]{0,6}"
# Between a cue and its number: "my number is", "mich unter", "moi au", "me al".
LINK = (
    r"(?:numbers?|no|nr|num|numéro|número|numero|nummer|numer|phone|is|was|at|on|to|me|us|him|her|them|now|the|my|your|"
    r"our|his|by|via|or|and|line|directly|anytime|back|using|under|over|through|ist|unter|mich|uns|mir|der|die|"
    r"meine|lautet|est|le|la|au|moi|nous|mon|es|el|al|en|mi|su|il|è|mio|o|é|no|pelo|meu|para|op|mijn|na|pod|"
    r"номер|по|мне|是|为|為|号码|號碼|號|号|는|은|は|رقم|है|पर|home|work|mobile|cell|office|personal|main)"
)


def _cue(words: str) -> re.Pattern[str]:
    """Matches a text that ends with one of the words and at most five linking words; the value comes next."""
    return re.compile(rf"(?<![^\W_])(?:{words}){GAP}(?:{LINK}(?![^\W_]){GAP}){{0,5}}$", re.I)


def _before(text: str, start: int, width: int = 60) -> str:
    return text[max(0, start - width) : start]


ARITHMETIC_BEFORE = re.compile(
    r"(?:[\d)\]}] ?[-+*/^×÷·=<>] ?|[$\\{^] ?|(?<![^\W_])[a-z] ?[=<>] ?"
    r"|(?:calculate|compute|evaluate|simplify|subtract|what is|how much is|value of|divide|multiply|add|sum of)"
    r"\W{1,3})$",
    re.I,
)
ARITHMETIC_AFTER = re.compile(
    r" {0,2}(?:=|[\^×÷%·}]|[*/+] ?[\da-z(]|[-<>] \d|\$|\\[a-z]|(?:times|divided|plus|minus|mod)\b)", re.I
)
# The number has another owner: `order 112-...`, `ISBN 978...`, `"id": 4...`.
OTHER_LABEL = re.compile(
    r"(?<![^\W_])(?:isbn|issn|orders?|tracking|serial|sku|upc|ean|barcode|invoice|ticket|case|ref|reference|model|part|"
    r"ids?|uuid|patent|version|lot|batch|bug|doi|arxiv|pmid|coordinates?|timestamp|hash|status|bestellnummer|commande|"
    r"pedido|订单|注文)(?![^\W_])[^\d\n]{0,16}$",
    re.I,
)


def _is_arithmetic(text: str, start: int, end: int) -> bool:
    return bool(ARITHMETIC_BEFORE.search(_before(text, start, 20)) or ARITHMETIC_AFTER.match(text, end))


# ---- email

TLDS = _words(
    # Countries, then the generic ones in daily use: the full list holds `map`, `dot` and `py`, which are code here.
    """ac ad ae af ag ai al am ao ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz ca cc
    cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fm fo fr ga
    gd ge gf gg gh gi gl gm gn gp gq gr gt gu gy hk hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg
    kh ki km kn kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu
    mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs
    ru rw sa sb sc sd se sg sh si sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt
    tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw com org net edu gov mil int info biz
    name pro mobi asia cat coop museum aero jobs travel tel xxx app dev xyz online site website web shop store
    tech cloud club blog live life world email mail agency company digital media news network solutions services
    systems group center space today top vip work works icu studio design health care clinic doctor dental law
    legal consulting global international academy school university education institute foundation ventures
    capital finance financial bank money support team social software engineering science art photography photo
    photos band music video games fun cool one me page link click land city house homes restaurant cafe bar fit
    yoga fashion style beauty london paris berlin nyc tokyo wien hamburg koeln bayern swiss africa moscow quebec
    eus gal scot wales ngo ong church community family love mom kids farm energy eco green"""
)
PLACEHOLDER_DOMAINS = _words(
    """test sample domain yourdomain mydomain somedomain anydomain yourcompany mycompany yoursite mysite website
    yourwebsite foo bar foobar abc xyz placeholder fake dummy anotherexample host server yourschool youremail"""
)
PLACEHOLDER_PEOPLE = _words(
    """yourname youremail youremailaddress username user user1 name email emailaddress youraddress firstname
    lastname firstnamelastname firstlast firstinitiallastname someone somebody anyone foo bar foobar test test1
    testuser exampleuser example placeholder recipient sender yourusername yourid myemail emailid xxx xyz abc
    address"""
)
ROLES = _words(
    """info information contact contactus sales support help helpdesk hello hi admin administrator root postmaster
    webmaster hostmaster abuse noc security www ftp noreply donotreply no reply do not billing accounts
    accounting accountspayable payments invoices careers career jobs job hr humanresources recruiting
    recruitment talent hiring press media pr marketing team office enquiries inquiries enquiry inquiry feedback
    service services customerservice customersupport customercare customer customers client clients care orders
    order returns refunds privacy legal compliance dpo notifications notification notify newsletter news
    subscribe unsubscribe mailer daemon mailerdaemon bounce bounces alerts alert updates git svn hg api dev devs
    developers events bookings booking reservations reception frontdesk partners partnerships investors ir
    editor editorial editors staff membership members donations donate volunteer volunteers admissions registrar
    library store shop ceo tech technical it web mail general public relations desk us uk eu de emea global and
    kontakt vertrieb bewerbung rechnung datenschutz impressum buchhaltung anfrage contacto ventas soporte ayuda
    empleo contato suporte vendas atendimento accueil commandes recrutement presse direction assistenza ufficio
    prenotazioni segreteria biuro kontor klantenservice infos everyone all list community"""
)
FREEMAIL = _words(
    """gmail googlemail yahoo ymail hotmail outlook live msn icloud me aol protonmail proton gmx web mail yandex
    zoho qq 163 126 naver fastmail tutanota rediffmail comcast verizon att orange wanadoo free laposte libero"""
)
NOT_NAMES = _words(
    """look looking me us you him her them it is are was be available sign signed login log in account accounts
    working work arrive here there hosted host found visit site page email mail address meet up one not only
    mailbox inbox register registered user users service website data stored people someone anyone team job out"""
)
EMAIL = re.compile(r"(?<![\w.+'@%/-])([\w.+'%-]{1,64})@")
LABEL = re.compile(r"[^\W_][\w-]{0,62}")
ASCII_TLD = re.compile(r"([a-z]{2,24}|xn--[a-z0-9]{2,40})(?![a-z0-9\u00c0-\u02ff-]|_+[^\W_])", re.I)
DOT = re.compile(r"\.")
OBFUSCATED_HINTS = (
    "dot",
    "arroba",
    "arobase",
    "%40",
    "&#64;",
    "&commat;",
    " @ ",
    "at]",
    "at)",
    "at}",
    "at>",
    "at ]",
    "at )",
) + tuple(f"at {service}." for service in ("gmail", "yahoo", "hotmail", "outlook", "icloud"))
DOT_WORD = re.compile(
    r"\.|\s?[\[({<]\s?(?:dot|punkt|punto|ponto|point|\.)\s?[\])}>]\s?|\s(?:dot|punkt|punto|ponto|point)\s|\s\.\s", re.I
)
OBFUSCATED = re.compile(
    r"(?<![\w.+-])([\w.+-]{1,40}(?:\s(?:dot|punto|ponto)\s[\w.+-]{1,40}){0,2})"
    r"(?:(?P<sure>\s?[\[({<]\s?(?:at|ät|arroba|arobase|@)\s?[\])}>]\s?|\s(?:arroba|arobase)\s|%40|&#64;|&commat;)"
    r"|\sat\s|\s?@\s?)(?=\w)",
    re.I,
)
MARKED_NAME = re.compile(r"[a-z][\w.]*[\d_]|[a-z]\.[a-z]", re.I)  # jo_lane, jo.lane, jo99: no English word
MAIL_CUE = re.compile(r"\b(?:e-?mails?|mailto|mail|reach|contact|write|correo|courriel|gmail)\b", re.I)
URL_USER = re.compile(r"://[^\s/]*$")
CODE_OR_SHELL_AFTER = re.compile(r"\(|:[~/]|:[\w.-]+/[\w./-]+\.git\b")


def _emails(text: str) -> Iterator[Span]:
    if "@" in text:
        for match in EMAIL.finditer(text):
            start = match.start() + len(match[1]) - len(match[1].lstrip("._-'%+"))
            start = _after_other_script(text, start, match.end(1))
            domain = _read_domain(text, match.end(), DOT)
            if domain and _is_persons_address(text[start : match.end(1)], domain[0]):
                in_url = URL_USER.search(_before(text, match.start()))
                if not in_url and not CODE_OR_SHELL_AFTER.match(text, domain[1]):
                    yield start, domain[1]
    lowered = text.lower()
    if any(hint in lowered for hint in OBFUSCATED_HINTS):
        yield from _obfuscated_emails(text)


def _obfuscated_emails(text: str) -> Iterator[Span]:
    """`jo [at] gmail [dot] com`. A bare "at" is English: it needs a mail service and a word about mail nearby."""
    for match in OBFUSCATED.finditer(text):
        local = re.sub(r"\s(?:dot|punto|ponto)\s", ".", match[1], flags=re.I)
        domain = _read_domain(text, match.end(), DOT_WORD)
        if not domain or not _is_persons_address(local, domain[0]):
            continue
        spoken_dot = "." not in text[match.end() : domain[1]]
        free = domain[0].split(".")[0] in FREEMAIL
        about_mail = MAIL_CUE.search(_before(text, match.start())) is not None
        named = local.lower() not in NOT_NAMES
        marked = MARKED_NAME.search(match[1]) is not None
        if match["sure"] or (named and free + spoken_dot + about_mail + marked >= 2):
            yield match.start(), domain[1]


def _after_other_script(text: str, start: int, end: int) -> int:
    """`请联系zhang@` starts at `zhang`: such scripts write no space before a Latin address."""
    for at in range(end - 1, start - 1, -1):
        if ord(text[at]) > 0x2FF:
            return at + 1 if at < end - 1 else start
    return start


def _read_domain(text: str, at: int, dot: re.Pattern[str]) -> tuple[str, int] | None:
    """The longest domain from `at` that ends in a known top level, lower-cased with plain dots, and its end."""
    labels: list[str] = []
    best = None
    while len(labels) < 8 and (label := LABEL.match(text, at)):
        if labels and (end := _top_level_end(label)):
            best = ".".join([*labels, text[at:end]]).lower(), end
        labels.append(label[0])
        separator = dot.match(text, label.end())
        if not separator:
            break
        at = separator.end()
    return best


def _top_level_end(label: re.Match[str]) -> int | None:
    """Where the label's top-level domain ends (`com` in `com是`), or None. `mT` and `invert` are code, not Malta."""
    found = ASCII_TLD.match(label.string, label.start())
    if found:
        top = found[1]
        known = top.lower() in TLDS or top[:4].lower() == "xn--"
        return found.end() if known and (top.islower() or top.isupper() or top.istitle()) else None
    return label.end() if len(label[0]) > 1 and all(ord(c) > 0x2FF for c in label[0]) else None


def _is_persons_address(local: str, domain: str) -> bool:
    names = domain.split(".")
    if not local or "example" in names or "noreply" in names or names[-2] in PLACEHOLDER_DOMAINS:
        return False
    words = [word for word in re.split(r"[\W_]+", local.lower().partition("+")[0]) if word]
    whole = "".join(words)
    if whole in PLACEHOLDER_PEOPLE or whole.startswith(("your", "xxx")) or len(local) + len(names[-2]) < 4:
        return False
    return whole not in ROLES and not all(word in ROLES for word in words)


# ---- phone

ENOUGH_DIGITS = re.compile(r"[0-9](?:[ ().\-/]{0,3}[0-9]){6}")
RUN = re.compile(r"(?<![\w,.])[+(]{0,2}[0-9](?:[ ().\-/]{0,3}[0-9]){6,16}(?!\w)", re.A)
INTERNATIONAL = re.compile(r"(?<![\w+])(?:\+|\(\+|(?<!\d[ -])00(?=[1-9]))[0-9](?:[ ().\-/]{0,3}[0-9]){6,16}", re.A)
NORTH_AMERICAN = re.compile(
    r"(?<![\w.,+-])(?<!\d )(?:\+?1[-. ])?(?:\([2-9][0-9]{2}\)[- ]?|[2-9][0-9]{2}(?P<sep>[-.]))"
    r"[2-9][0-9]{2}(?(sep)(?P=sep)|[-. ])[0-9]{4}(?![\w-]|[.,/][0-9])",
    re.A,
)
NATIONAL = re.compile(
    r"(?<![\w.,+/-])(?<!\d )(?:8 ?)?(?:\([0-9]{2,3}\)|\(0[0-9]{1,4}\)|0[1-9][0-9]{0,4}|00?[1-9][0-9]{1,3})"
    r"(?:[ ./-]{1,2}[0-9]{2,8}){1,4}(?![\w-]|[.,/][0-9]| \d)",
    re.A,
)
REGIONS = sorted(  # whose ways of writing a number are known
    _words(
        "US GB FR DE IT ES NL BE CH AT SE DK NO FI IE PT PL CZ RO HU GR BG UA RU TR IL AE SA EG ZA NG KE IN PK BD LK "
        "CN TW HK JP KR SG MY TH VN PH ID AU NZ BR MX AR CL CO PE"
    )
)
PHONE_CUE = _cue(
    r"phones?|telephone|tel|tél|telefon|telefoon|telefono|teléfono|telefone|téléphone|telefonnummer|rufnummer|"
    r"telemóvel|télécopie|fax|mobile|mobil|mobiel|móvil|portable|portatile|gsm|handy|handynummer|celular|cellulare|cell|"
    r"cel|cellphone|hp|ph|mob|sms|whatsapp|wa\.me/|viber|call|calling|dial|text(?: me| us| him| her)|ring(?: me| us)|"
    r"reach(?: me| us| him| her| them)?|contact|(?:my|his|her|your) (?:number|digits)|appelez|appeler|appelle|joindre|"
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


def _phones(text: str) -> Iterator[Span]:
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
    before = _before(text, start)
    return bool(PHONE_CUE.search(before) or UNSPACED_CUE.search(before) or CUE_AFTER.match(text, end))


def _is_uncued_number(text: str, match: re.Match[str]) -> bool:
    """Nothing around the number says that it is arithmetic, an order number or the like."""
    if _is_arithmetic(text, *match.span()):
        return False
    labelled = OTHER_LABEL.search(_before(text, match.start(), 40))
    return not labelled or bool(PHONE_CUE.search(_before(text, match.start())))


def _shorter(number: str) -> Iterator[str]:
    """The number, then without its last group of digits, and so on: `+44 20 7946 0958 12` ends too late."""
    while number:
        yield number
        shorter = re.sub(r"[ ().\-/]+[0-9]+$", "", number)
        number = shorter if shorter != number else ""


def _international_end(text: str, match: re.Match[str]) -> int | None:
    cued = _has_phone_cue(text, *match.span())
    if not cued and ARITHMETIC_BEFORE.search(_before(text, match.start(), 20)):
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


def _digits(number: str) -> str:
    return re.sub("[^0-9]", "", number)


def _is_sequence(digits: str) -> bool:
    """1234567890, 0000000000, 0101010101: made up."""
    return len(set(digits)) < 3 or digits in "01234567890123456789"


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


def _cards(text: str) -> Iterator[Span]:
    if not ENOUGH_DIGITS.search(text):
        return
    for match in CARD.finditer(text):
        whole = match[0]
        number = next((n for n in (whole, whole[:19]) if _is_card_number(_digits(n))), "")
        if not number or (number != whole and not (match[1] and whole[19:20] == match[1])):
            continue
        start, end = match.start(), match.start() + len(number)
        cued = CARD_CUE.search(text[max(0, start - 60) : end + 40])
        if not _is_arithmetic(text, start, end) and (cued or _is_surely_card(text, start, number)):
            yield start, end


def _is_card_number(digits: str) -> bool:
    from stdnum import luhn

    issued = any(len(digits) in lengths and prefix.match(digits) for prefix, lengths in ISSUERS)
    return issued and len(set(digits)) > 1 and luhn.is_valid(digits)


def _is_surely_card(text: str, start: int, number: str) -> bool:
    """Without a word about cards: one number in ten passes Luhn, so only the common shapes away from sums and ids."""
    digits = _digits(number)
    if len(digits) not in (15, 16) or digits.endswith("000000") or OTHER_LABEL.search(_before(text, start, 40)):
        return False
    nearby = text[max(0, start - 30) : start + len(number) + 30]
    return number != digits or not re.search(r"[=^×÷\\/]|\d,\d{3}", nearby)


IBAN = re.compile(r"(?<![^\W_])[a-z]{2}[0-9]{2}(?:[ -]?[a-z0-9]){11,30}", re.I | re.A)


def _ibans(text: str) -> Iterator[Span]:
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
SSN_CUE = _cue(r"ssn|ss#|social security|social|social security card|seguro social|social insurance")
SAMPLE = re.compile(r"(?:format|form|pattern|example|e\.g\.|such as|like|looks like|as in)\W{0,6}$", re.I)
WITHDRAWN = {"078051120", "219099999", "457555462"}  # printed in advertisements, never valid since


def _social_security(text: str) -> Iterator[Span]:
    if not ENOUGH_DIGITS.search(text):
        return
    for match in SSN.finditer(text):
        before, digits = _before(text, match.start()), _digits(match[0])
        if digits in WITHDRAWN or (_is_sequence(digits) and SAMPLE.search(before)):
            continue
        alone = match[1] == "-" and not _is_arithmetic(text, *match.span()) and not OTHER_LABEL.search(before)
        if alone or SSN_CUE.search(before):
            yield match.span()


# ---- IP address

IPV4 = re.compile(
    r"(?<![\w.])(?<![A-Za-z_]-)(?<![A-Za-z]/)(?<!==)([0-9]{1,3}(?:\.[0-9]{1,3}){3})(/[0-9]{1,2}(?![0-9]))?"
    r"(?!\w|\.\w|-[a-z])",
    re.A,
)
IPV6 = re.compile(
    r"(?<![\w:.])([23][0-9a-f]{3}(?::{1,2}[0-9a-f]{1,4}){1,7}(?:::)?)(/[0-9]{1,3}(?![0-9]))?(?![\w:])", re.I | re.A
)
IP_CUE = re.compile(
    r"\b(?:ips?|ipv4|address(?:es)?|adresse|dirección|indirizzo|endereço|адрес|servers?|hosts?|ping|ssh|dns|subnet|gateway|"
    r"router|firewall|port|connect(?:ed|ion)?|nmap|curl|traceroute|https?|login|requests?|client)\b|地址",
    re.I,
)
VERSION = re.compile(
    r"\b(?:v|versions?|ver|rev|release|build|firmware|kernel|driver|patch|update|upgrade|sdk|api|package|section|sections|"
    r"chapter|clause|article|figure|fig|table|theorem|lemma|step|exercise|oid|appendix|§)\b[^\n]{0,25}$|§\s?$",
    re.I,
)
VERSION_JUST_BEFORE = re.compile(
    r"\b(?:v|versions?|ver|rev|release|build)\.?[\s:=\"'`*(]{0,4}(?:(?:is|number|to|from|of|than|no)\W{1,3}){0,2}$",
    re.I,
)
RESOLVERS = _words(
    """8.8.8.8 8.8.4.4 1.1.1.1 1.0.0.1 9.9.9.9 149.112.112.112 208.67.222.222 208.67.220.220 4.2.2.1 4.2.2.2
    1.2.3.4 2001:4860:4860::8888 2001:4860:4860::8844 2606:4700:4700::1111 2606:4700:4700::1001 2620:fe::fe"""
)


def _ip_addresses(text: str) -> Iterator[Span]:
    for match in IPV4.finditer(text):
        if _is_public_host(match[1], match[2]) and not _is_version(text, match):
            yield match.span(1)
    if text.count(":") > 1:
        for match in IPV6.finditer(text):
            if _is_public_host(match[1], match[2]):
                yield match.span(1)


def _is_public_host(address: str, prefix: str | None) -> bool:
    """One machine on the public network; `81.2.69.0/24` and `81.2.69.0` name a network."""
    try:
        host = ipaddress.ip_interface(address + (prefix or ""))
    except ValueError:
        return False
    if not host.ip.is_global or host.ip.is_multicast or str(host.ip) in RESOLVERS:
        return False
    if host.version == 6 and host.ip in ipaddress.ip_network("3fff::/20"):  # RFC 9637: documentation
        return False
    return host.ip != host.network.network_address if prefix else not address.endswith(".0")


def _is_version(text: str, match: re.Match[str]) -> bool:
    before = _before(text, match.start(), 40)
    cued = IP_CUE.search(text[max(0, match.start() - 60) : match.end() + 30])
    small = all(int(part) < 32 for part in match[1].split("."))
    return bool(VERSION_JUST_BEFORE.search(before) or (not cued and (small or VERSION.search(before))))


# ---- key

# Each starts with what its issuer chose so that scanners find it; the lengths are the issuers' own.
TOKENS = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}"  # AWS
    r"|gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{40,255}"
    r"|gl(?:pat|dt|rt|ptt|oas|cbt)-[\w-]{20,255}"  # GitLab
    r"|xox[abeoprs]-[A-Za-z0-9-]{16,255}|xapp-[0-9]-[A-Za-z0-9-]{20,255}"  # Slack
    r"|hooks\.slack\.com/services/T\w{6,15}/B\w{6,15}/\w{16,40}"
    r"|AIza[\w-]{33,40}|ya29\.[\w-]{20,255}|GOCSPX-[\w-]{20,40}"  # Google
    r"|(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,255}|whsec_[A-Za-z0-9+/]{24,80}"  # Stripe
    r"|sk-(?:ant|proj|svcacct|admin|or|lf)-[\w-]{20,255}|sk-[A-Za-z0-9]{32,64}"  # Anthropic, OpenAI, OpenRouter
    r"|hf_[A-Za-z0-9]{30,40}|r8_[A-Za-z0-9]{32,40}|gsk_[A-Za-z0-9]{40,60}|xai-[A-Za-z0-9]{40,100}|pplx-[A-Za-z0-9]{40,60}"
    r"|npm_[A-Za-z0-9]{36}|pypi-AgE[\w-]{50,255}|do[opr]_v1_[a-f0-9]{64}|dckr_pat_[\w-]{20,60}|dapi[a-f0-9]{32}"
    r"|SG\.[\w-]{16,32}\.[\w-]{30,64}|key-[0-9a-f]{32}|SK[0-9a-f]{32}|shp(?:at|ss|ca|pa)_[a-fA-F0-9]{32}"
    r"|(?:lin_api|secret|ntn|figd|glsa)_[A-Za-z0-9]{36,60}|hvs\.[\w-]{24,120}|PMAK-[a-f0-9-]{30,80}"
    r"|AGE-SECRET-KEY-1[A-Z0-9]{58}"
    r"|[0-9]{8,10}:AA[\w-]{33}|[MNO][\w-]{23,25}\.[\w-]{6}\.[\w-]{27,38}"  # Telegram, Discord
    r"|eyJ[\w-]{8,4000}\.eyJ[\w-]{8,8000}\.[\w-]{8,1000}"  # JWT, RFC 7519
    r")(?![A-Za-z0-9+/]|=\w)"
)
PEM = re.compile(r"-----BEGIN (?:[A-Z0-9]{2,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----")
PEM_END = re.compile(r"-----END [A-Z0-9 ]{1,40}-----")
PEM_BODY = re.compile(r"(?:[A-Za-z0-9+/=\s]|\\[nr]|\"|[A-Z][A-Za-z-]{2,20}: [^\n]{0,100}\n)*")
ASSIGNMENT = re.compile(
    r"(?:passw(?:or)?d|passphrase|passwort|passcode|pwd|mot de passe|contraseña|senha|пароль|密码|secret|token|"
    r"credential|api[ _-]?(?:key|secret)|(?:access|secret|auth|private|account|encryption|signing|service)[ _-]?key)"
    r"(?:\\?[\"'`]|\*\*|\])?\s{0,3}(?::=|=>|[:=]|\s(?:is|was|ist|est|es|é)\s)\s{0,3}(?:\*\*)?(?P<quote>\\?[\"'`])?"
    r"(?P<value>[^\s\"'`<>,;\\]{8,400})",
    re.I,
)
BEARER = re.compile(
    r"(?<!\w)(?:Bearer|--token|--api-key|--password|X-Api-Key:) (?P<quote>[\"'])?(?P<value>[\w.~+/=-]{16,400})", re.I
)
CONNECTION = re.compile(  # scheme://user:password@host; the empty quote says that the value ends here for certain
    r"(?<![a-z0-9+])[a-z][a-z0-9+]{2,20}://[^\s:/@\"']{0,64}:(?P<value>[^\s/@\"'<>]{8,100})@(?P<quote>)(?=[\w.\[-])",
    re.I,
)
ASSIGNMENT_HINTS = sorted(_words("pass pwd contrase senha пароль 密码 secret token credential key bearer ://"))
PLACEHOLDER = re.compile(
    r"your|example|sample|dummy|fake|placeholder|change.?(?:me|this)|xxx|\*{3}|\.\.\.|…|todo|insert|replace|redact|"
    r"(?<![a-z])(?:my|test|demo|foo|bar|here|none|null|true|false|some)(?![a-z])|secret|passw|qwert|letmein|admin|welcome|"
    r"token|apikey|api.key|access.?key|user",
    re.I,
)
ISSUED_PLACEHOLDER = re.compile(r"your|example|placeholder|x{5}|\*{3}|\.\.\.|dummy|redact|fake|replace|insert", re.I)
CODE_VALUE = re.compile(
    r"[$%{<(\[]|[A-Za-z_][\w.]*[(\[{]|(?:[A-Za-z_]\w*\.)+[A-Za-z_]\w*$|[A-Za-z_-]+$|https?://|/|\./|[\d.,:-]+$|\$2[aby]\$"
    r"|[\d-]+[A-Za-z]{1,3}$"
)
UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$", re.I)
WORDS = re.compile(  # word2vec-google-news-300, Summer2024
    r"(?:[a-z]+[0-9]{0,4}|[0-9]{1,4}|[a-z]+[0-9][a-z]+)(?:[-_.:/@](?:[a-z]+[0-9]{0,4}|[0-9]{1,4}|[a-z]+[0-9][a-z]+))*",
    re.I,
)
LEET = str.maketrans("@013457$", "aoieastS")


def _keys(text: str) -> Iterator[Span]:
    for match in TOKENS.finditer(text):
        if not ISSUED_PLACEHOLDER.search(match[0]) and len(set(match[0][-16:])) > 4:
            yield match.span()
    if "PRIVATE KEY" in text:
        yield from _private_keys(text)
    lowered = text.lower()
    if any(hint in lowered for hint in ASSIGNMENT_HINTS):
        for pattern in (ASSIGNMENT, BEARER, CONNECTION):
            for match in pattern.finditer(text):
                value = _value(match)
                if _is_secret(value, quoted=match["quote"] is not None):
                    yield match.start("value"), match.start("value") + len(value)


def _private_keys(text: str) -> Iterator[Span]:
    """From BEGIN to END, or to where the base 64 stops; a body of a few characters or dots is a placeholder."""
    for match in PEM.finditer(text):
        body = PEM_BODY.match(text, match.end())
        if body and len(set(body[0])) > 16 and len(body[0]) > 40:
            end = PEM_END.match(text, body.end())
            yield match.start(), end.end() if end else match.end() + len(body[0].rstrip())


def _value(match: re.Match[str]) -> str:
    """An unquoted value without the sentence's or the code's closing marks; a URL's parameter without the next ones."""
    value = match["value"]
    if match["quote"] is None:
        value = value.split("&")[0] if re.search(r"&\w+=", value) else value
        value = value.rstrip(".:)]}*|")
    return value


def _is_secret(value: str, *, quoted: bool) -> bool:
    """Looks random: mixed classes of characters, high entropy, no word of a placeholder, no code."""
    code = re.match(r"[$%]?[{<(]|\$[A-Za-z_]+$|%\w$|https?://", value) if quoted else CODE_VALUE.match(value)
    if len(value) < 8 or code or PLACEHOLDER.search(value) or PLACEHOLDER.search(value.translate(LEET)):
        return False
    classes = sum(any(test(c) for c in value) for test in (str.islower, str.isupper, str.isdigit, _is_symbol))
    steps = sum(ord(b) - ord(a) in (0, 1) for a, b in zip(value, value[1:], strict=False))
    if steps > 0.5 * len(value) or not any(c.isdigit() or _is_symbol(c) for c in value):
        return False
    if UUID.match(value):
        return len(set(value)) > 8
    if WORDS.fullmatch(value):
        return False
    return _entropy(value) >= (2.7 if classes >= 3 else 3.0) and (classes >= 3 or (len(value) >= 16 and classes == 2))


def _is_symbol(char: str) -> bool:
    return not char.isalnum() and char not in "-_./:"


def _entropy(value: str) -> float:
    """Bits per character, by the value's own letter counts (Shannon, 1948)."""
    return -sum(n / len(value) * log2(n / len(value)) for n in Counter(value).values())


FINDERS = {  # the surest first: where two overlap the first one keeps the text
    "key": _keys,
    "email": _emails,
    "iban": _ibans,
    "card": _cards,
    "ssn": _social_security,
    "ip": _ip_addresses,
    "phone": _phones,
}
