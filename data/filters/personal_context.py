"""What stands around a number or an address and says what it is: a cue before it, a sum, another label.

A cue ("call me at", `"phone": "`) makes a find of what could be anything; arithmetic and the labels of orders, ISBNs or
ids unmake one.
"""

import re

Span = tuple[int, int]  # start and end in the text

# What joins a label to its value: `Phone: 1`, `"phone": "1"`, `**Phone** 1`, `| phone | 1`, `phone=1`.
GAP = r"[\s:=.,\"'`(\[*_#|>-]{0,6}"
# Between a cue and its number: "my number is", "mich unter", "moi au", "me al".
LINK = (
    r"(?:numbers?|no|nr|num|numéro|número|numero|nummer|numer|phone|is|was|at|on|to|me|us|him|her|them|now|the|my|your|"
    r"our|his|by|via|or|and|line|directly|anytime|back|using|under|over|through|ist|unter|mich|uns|mir|der|die|"
    r"meine|lautet|est|le|la|au|moi|nous|mon|es|el|al|en|mi|su|il|è|mio|o|é|no|pelo|meu|para|op|mijn|na|pod|"
    r"номер|по|мне|是|为|為|号码|號碼|號|号|는|은|は|رقم|है|पर|home|work|mobile|cell|office|personal|main)"
)


def cue(words: str) -> re.Pattern[str]:
    """Matches a text that ends with one of the words and at most five linking words; the value comes next."""
    return re.compile(rf"(?<![^\W_])(?:{words}){GAP}(?:{LINK}(?![^\W_]){GAP}){{0,5}}$", re.I)


def text_before(text: str, start: int, width: int = 60) -> str:
    """The `width` characters before `start`, fewer at the beginning."""
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


def is_arithmetic(text: str, start: int, end: int) -> bool:
    """What stands before or after the span makes it part of a sum, an equation or a formula."""
    return bool(ARITHMETIC_BEFORE.search(text_before(text, start, 20)) or ARITHMETIC_AFTER.match(text, end))
