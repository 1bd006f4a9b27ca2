"""Numbers as people write them: thousands and lakhs set apart, `0.1(6)`, `3 out of 4`."""

import re

from posttrain.reward.mathematics.expressions import Tree, parse
from posttrain.reward.mathematics.notation import plain_text
from posttrain.reward.mathematics.tokens import Unreadable
from posttrain.reward.mathematics.units import number_word

THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])", re.ASCII)
TRIPLES = re.compile(r"[1-9]\d{2}(?:,[1-9]\d{2})+", re.ASCII)  # 100,200: one number or two
LAKHS = re.compile(r"[1-9]\d?(?:,\d{2})+,\d{3}", re.ASCII)  # 1,23,456
_RECURRING = re.compile(r"(-?)(\d*\.\d*)\((\d+)\)", re.ASCII)
_DOTTED = re.compile(r"[-+]?\d{1,3}(?:\.\d{3}){2,}", re.ASCII)
_SPACED = re.compile(r"[-+]?\d{1,3}(?: \d{3})+(?:\.\d+)?", re.ASCII)


def read_tree(text: str) -> Tree | None:
    """The tree of an expression whose thousands are still separated; None if it is none."""
    text = text.strip()
    if _SPACED.fullmatch(text):
        text = text.replace(" ", "")
    if _DOTTED.fullmatch(text):
        text = text.replace(".", "")
    if LAKHS.fullmatch(text.lstrip("-+")):
        text = text.replace(",", "")
    text = THOUSANDS.sub(lambda match: match[0].replace(",", ""), text)
    text = re.sub(r"\\text\{([a-zA-Z])\}", r"\1", text)
    try:
        return parse(text)
    except Unreadable:
        return None


def recurring(text: str) -> Tree | None:
    """`0.1(6)`, whose digits in brackets recur; None for anything else. It may also be a product."""
    match = _RECURRING.fullmatch(text)
    if not match:
        return None
    tree: Tree = ("rep", match[2], match[3])
    return ("neg", tree) if match[1] else tree


def share(text: str) -> Tree | None:
    """`3 out of 4` and `one out of two`, of whole numbers the second of which is no smaller; None for anything else."""
    parts = [part.strip() for part in plain_text(text).split(" out of ")]
    numbers = [int(part) if re.fullmatch(r"[0-9]{1,9}", part) else number_word(part) for part in parts]
    if len(numbers) != 2 or numbers[0] is None or not numbers[1] or numbers[0] > numbers[1]:
        return None
    return ("div", ("num", str(numbers[0])), ("num", str(numbers[1])))
