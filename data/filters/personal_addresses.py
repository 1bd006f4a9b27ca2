"""Addresses that reach a person or a machine: email and IP.

- `email`: a person's address, also `jo [at] gmail [dot] com`. Not: the example domains of RFC 2606 and their everyday
  kin (test.com, yourdomain.com), placeholders (`your.name@`), role addresses (`support@`, `noreply@`: a desk is no
  person), `git@host:path`, `user@host:~$`, `@handles`.
- `ip`: a public host. Not: private, loopback, documentation addresses, whole networks, public resolvers, versions.
"""

import ipaddress
import re
from collections.abc import Iterator

from posttrain.data.filters.personal_context import Span, text_before


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


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


def find_emails(text: str) -> Iterator[Span]:
    """Spans of a person's email addresses, written with an @ or around it."""
    if "@" in text:
        for match in EMAIL.finditer(text):
            start = match.start() + len(match[1]) - len(match[1].lstrip("._-'%+"))
            start = _after_other_script(text, start, match.end(1))
            domain = _read_domain(text, match.end(), DOT)
            if domain and _is_persons_address(text[start : match.end(1)], domain[0]):
                in_url = URL_USER.search(text_before(text, match.start()))
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
        about_mail = MAIL_CUE.search(text_before(text, match.start())) is not None
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


def find_ip_addresses(text: str) -> Iterator[Span]:
    """Spans of public IPv4 and IPv6 hosts."""
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
    before = text_before(text, match.start(), 40)
    cued = IP_CUE.search(text[max(0, match.start() - 60) : match.end() + 30])
    small = all(int(part) < 32 for part in match[1].split("."))
    return bool(VERSION_JUST_BEFORE.search(before) or (not cued and (small or VERSION.search(before))))
