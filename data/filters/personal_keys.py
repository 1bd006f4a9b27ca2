"""Keys: what opens an account by itself.

Found: tokens of known services, JWT, PEM private keys, `password=...` with a value that looks random. Left:
placeholders, variables, calls, hashes, UUIDs without a cue.
"""

import re
from collections import Counter
from collections.abc import Iterator
from math import log2

from posttrain.data.filters.personal_context import Span

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
ASSIGNMENT_HINTS = (
    "pass",
    "pwd",
    "contrase",
    "senha",
    "пароль",
    "密码",
    "secret",
    "token",
    "credential",
    "key",
    "bearer",
    "://",
)
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


def find_keys(text: str) -> Iterator[Span]:
    """Spans of tokens, private keys and the values of passwords; a token after `token=` may come twice."""
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
