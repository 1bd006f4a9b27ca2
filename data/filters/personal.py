"""Personal information: what identifies a person, or opens their account, and must not be learned by heart.

The kinds of find, each described with what it leaves on purpose where it is found: `email` and `ip` in
`personal_addresses`, `phone`, `card`, `iban` and `ssn` in `personal_numbers`, `key` in `personal_keys`. Names and
postal addresses are not looked for.
"""

import re
from dataclasses import dataclass

from posttrain.data.conversation import map_texts, texts
from posttrain.data.filters import Finding, Row
from posttrain.data.filters.personal_addresses import find_emails, find_ip_addresses
from posttrain.data.filters.personal_keys import find_keys
from posttrain.data.filters.personal_numbers import find_cards, find_ibans, find_phones, find_social_security
from posttrain.errors import UserError

OURS = ("id", "source", "where", "language", "kind", "subset")  # columns that name a row
KINDS = ("email", "phone", "card", "iban", "ssn", "ip", "key")
ACTIONS = ("drop", "mask")
CONTEXT = 40  # characters shown on each side of a find
Find = tuple[str, int, int]  # kind, start, end
FINDERS = {  # the surest first: where two overlap the first one keeps the text
    "key": find_keys,
    "email": find_emails,
    "iban": find_ibans,
    "card": find_cards,
    "ssn": find_social_security,
    "ip": find_ip_addresses,
    "phone": find_phones,
}
# Character for character, so that positions hold: digits of other scripts, full-width @ and +, odd spaces and hyphens.
PLAIN = {zero + value: str(value) for zero in (0x660, 0x6F0, 0x966, 0x9E6, 0xE50, 0xFF10) for value in range(10)}
PLAIN |= dict.fromkeys(map(ord, "\u00a0\u2007\u2009\u202f\u3000"), " ") | dict.fromkeys(map(ord, "‐‑‒–−"), "-")
PLAIN |= {ord("＠"): "@", ord("＋"): "+", ord("："): ":", ord("（"): "(", ord("）"): ")"}
FANCY = re.compile(f"[{''.join(map(chr, PLAIN))}]")


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
        columns = [value for key, value in row.items() if isinstance(value, str) and key not in OURS]
        for text in [*(text for _, text in texts(row)), *columns]:
            finds = self._find(text)
            if finds and not found:
                shown = excerpt(text, finds)
            found.update(kind for kind, _, _ in finds)
        if not found:
            return None
        reason = "+".join(kind for kind in KINDS if kind in found)
        return Finding(reason, shown, self._mended(row) if self.action == "mask" else None)

    def _mended(self, row: Row) -> Row:
        """The row with its messages and its other columns of text masked; ours, which name the row, stay."""

        def masked(text: str) -> str:
            return mask(text, self._find(text))

        columns = {key: masked(value) for key, value in row.items() if isinstance(value, str) and key not in OURS}
        return map_texts(row, masked) | columns

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
