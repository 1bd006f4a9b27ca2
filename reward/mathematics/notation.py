r"""One spelling for one thing: Unicode, LaTeX's many ways to typeset the same, fences, spaces and thousands.

`normalise` works on text alone and decides nothing about values; it is idempotent. Afterwards text stands only as
\text{…}, currency as \$, percent as %, degrees as \degree, relations as = < > \le \ge \ne, sets in \{ \}.
"""

import re
import unicodedata

from posttrain.reward.mathematics.tokens import GREEK

MAX_LENGTH = 4000  # what is longer is no final answer

_BEFORE_NFKC = {
    **dict.fromkeys("−–‐‑‒﹣－⁻", "-"),
    **dict.fromkeys("×✕✖⨯", "\\times "),
    **dict.fromkeys("·⋅∙•", "\\cdot "),
    **dict.fromkeys("\u00a0\u2007\u202f\u2009\u200a\u3000\u2002\u2003", " "),
    **dict.fromkeys("\u200b\u200c\u200d\ufeff\u2060\u2061\u2062\u2063\u2064\u00ad", ""),
    **dict.fromkeys("≤⩽≦", "\\le "),
    **dict.fromkeys("≥⩾≧", "\\ge "),
    **dict.fromkeys("'’‘′", "'"),
    "÷": "\\div ", "±": "\\pm ", "∓": "\\mp ", "≠": "\\ne ", "≈": "\\approx ", "∞": "\\infty ", "π": "\\pi ",
    "∪": "\\cup ", "∩": "\\cap ", "∈": "\\in ", "ℝ": "\\R ", "ℤ": "\\mathbb{Z}", "∅": "\\emptyset ",
    "∖": "\\setminus ", "≡": "\\equiv ",
    "°": "\\degree ", "√": "\\sqrt ", "∛": "\\cbrt ", "⌊": "\\lfloor ", "⌋": "\\rfloor ", "⌈": "\\lceil ",
    "⌉": "\\rceil ",
    "€": "\\euro ", "£": "\\pounds ", "¥": "\\yen ", "₹": "\\rupee ", "⟨": "(", "⟩": ")", "∠": "\\angle ",
    "“": '"', "”": '"', "∨": " or ", "％": "%", "➗": "\\div ", "⁄": "/", "∕": "/",
}  # fmt: skip
_TABLE = str.maketrans(_BEFORE_NFKC)
_GREEK = {
    unicodedata.lookup(f"GREEK SMALL LETTER {'LAMDA' if name == 'lambda' else name.upper()}"): f"\\{name} "
    for name in sorted(GREEK)
    if name.islower() and not name.startswith("var") and name not in ("upsilon", "iota", "ell")
}
_GREEK |= {
    "Δ": "\\Delta ",
    "Γ": "\\Gamma ",
    "Θ": "\\Theta ",
    "Σ": "\\Sigma ",
    "Φ": "\\Phi ",
    "Ω": "\\Omega ",
    "ϕ": "\\phi ",
}
_GREEK_TABLE = str.maketrans(_GREEK)
_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ", "0123456789+-n", strict=True))
_SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))
_RAISED = re.compile(f"[{''.join(_SUPERSCRIPTS)}]+")
_LOWERED = re.compile(f"[{''.join(_SUBSCRIPTS)}]+")

_TEXT = r"text(?:bf|it|rm|normal|sf|tt|up|sc)?|math(?:rm|sf|tt)|mbox|hbox|emph|operatorname\*?"
_STYLE = r"(?:display|text|script)style|(?:no)?limits|(?:math)?strut|relax|hfill|noindent|bf|rm|it|boldmath"
_RULES = [  # pattern, replacement, and what a text must hold for it ("no matrix": no environment)
    (r"\\\\(?=[a-zA-Z%$])(?!\\\\begin)", "\\\\", "no matrix"),  # backslashes doubled on the way through JSON
    (r"\\(?:left|right)(?![a-zA-Z])\s*\.?", "", ""),
    (r"\\[bB]igg?[lrm]?(?![a-zA-Z])", "", ""),
    (rf"\\(?:{_STYLE})(?![a-zA-Z])", " ", ""),
    (r"\\(?:hspace|vspace|phantom|label|tag|hphantom|vphantom)\*?\s*\{[^{}]*\}", " ", ""),
    (r"\\[dtc]frac(?![a-zA-Z])", r"\\frac", ""),
    (r"\\[dt]binom(?![a-zA-Z])", r"\\binom", ""),
    (rf"\\(?:{_TEXT})\s*\{{", r"\\text{", ""),
    (r"\\(?:(?:text|math)?color|colorbox)\s*(?:\[[^\]]*\])?\s*\{[^{}]*\}", "", ""),  # \color{red}
    (r"\\(?:tiny|scriptsize|footnotesize|small|normalsize|[lL]arge|LARGE|[hH]uge|bfseries)(?![a-zA-Z])", " ", ""),
    (r"\\(?:underline|uline|overbrace|mathbf|mathit|mathnormal|boldsymbol|bm|pmb|mathcal|ensuremath)\s*(?=\{)", "", ""),
    (r"\\(?:fbox|framebox|boxed)\s*\{([^{}]*)\}", r"\1", ""),
    (r"\\(?:quad|qquad|enspace|enskip|thinspace|medspace|thickspace|negthinspace)(?![a-zA-Z])", " ", ""),
    (r"(?<=\d),\s*\\[!,]\s*(?=\d{3}(?!\d))", "", ""),  # 10,\!000
    (r"(?<=\d)\s*\{\s*,\s*\}\s*(?=\d{3}(?!\d))", "", ""),  # 10{,}000
    (r"(?<=\d)\\[,;:]\s*(?=\d{3}(?!\d))", "", ""),  # 10\,000
    (r"(?<![\d.,}])(\d+)\{,\}(\d+)(?![\d.,{])", r"\1.\2", ""),  # 3{,}5, a decimal comma
    (r"(?<=\d)'(?=\d{3}(?!\d))", "", ""),  # 10'000
    (r"(?<=[\d.])\\dot\s*\{?(\d)\}?(\d*)\s*\\dot\s*\{?(\d)\}?", r"\\overline{\1\2\3}", "\\dot"),  # 0.\dot{1}4\dot{2}
    (r"(?<=[\d.])\\dot\s*\{?(\d+)\}?", r"\\overline{\1}", "\\dot"),
    # 0.1666…: what stands three times before the dots goes on; 0.999… is left alone, for it may be cut off
    (r"^(-?\d{0,20}\.\d{0,20}?)(?!000|999)(\d{1,12}?)\2{2,40}\s*(?:\.\.\.+|\\[lc]?dots)$", r"\1\\overline{\2}", "."),
    (r"\\!\s*", "", ""),
    (r"\\[,;:> ]|\\(?=\s)|~", " ", "no matrix"),
    (r"(?<!\\)(?:\\[,;:> ]|\\(?=\s))|~", " ", "\\begin"),  # where a second backslash ends a row
    (r"\\[()]|\\[\[\]]", "", ""),  # \( … \), \[ … \]
    (r"(?<!\\)\$(?=\d[\d,.]*$)(?<=^\$)", r"\\$", ""),  # a lone $ before a number is money
    (r"(?<!\\)\$+", "", ""),
    (r"(?<![a-zA-Z\\])Rs\.?\s*(?=\d)", r"\\rupee ", "Rs"),
    (r"\\(?:percent|%)|\\text\{\s*(?:percent|per cent|%|\\%)\s*\}", "%", ""),
    (r"(?<=[\d}\s])\s*\b(?:percent|per cent|pct)\b", "%", ""),
    (r"\^\s*\{\s*\\(?:circ|degree)\s*\}|(?:\^\s*)?\\(?:circ|deg(?:ree)?s?)(?![a-zA-Z])", r"\\degree ", ""),
    (r"\\(?:leqslant|leqq|leq|le)(?![a-zA-Z])|<=|=<", r"\\le ", ""),
    (r"\\(?:geqslant|geqq|geq|ge)(?![a-zA-Z])|>=", r"\\ge ", ""),
    (r"\\not\s*=|\\neq?(?![a-zA-Z])|!=", r"\\ne ", ""),
    (r"\\lt(?![a-zA-Z])", "<", ""),
    (r"\\gt(?![a-zA-Z])", ">", ""),
    (r"\\(?:thickapprox|approx|simeq|doteq)(?![a-zA-Z])", r"\\approx ", ""),
    (r"\\(?:lbrace|\{)", r"\\{", ""),
    (r"\\(?:rbrace|\})", r"\\}", ""),
    (r"\\lbrack(?![a-zA-Z])", "[", ""),
    (r"\\rbrack(?![a-zA-Z])", "]", ""),
    (r"\\(?:langle|lparen)(?![a-zA-Z])", "(", ""),
    (r"\\(?:rangle|rparen)(?![a-zA-Z])", ")", ""),
    (r"\\[lr]?vert(?![a-zA-Z])", "|", ""),
    (r"\\(?:mathbb|mathbf|Bbb)\s*(?:\{\s*R\s*\}|R(?![a-zA-Z]))|\\(?:Reals|reals)(?![a-zA-Z])", r"\\R ", ""),
    (r"\\(?:varnothing|emptyset)(?![a-zA-Z])|\\\{\s*\\\}", r"\\emptyset ", ""),
    (r"\\(?:lor|vee)(?![a-zA-Z])", " or ", ""),
    (r"\\text\{\s*,?\s*(and|or)\s*,?\s*\}", r" \1 ", ""),
    (r"\\text\{\s*(,\s*(?:and|or))\s*\}", r"\1 ", ""),
    (r"\\text\{\s*([a-zA-Z])\s*\}(?![a-zA-Z])", r" \\text{\1}", ""),
    (r"\\text\{\s*\}", " ", ""),
    (r"\*\*|__|``|''(?!')|`", "", ""),
    (r"[\s]+", " ", ""),
]  # fmt: skip
_COMPILED = [(re.compile(pattern, re.ASCII), replacement, condition) for pattern, replacement, condition in _RULES]
_PLAIN = re.compile(r"[-+]?[0-9]+(?:\.[0-9]+)?")


def normalise(text: str) -> str:
    """The one spelling of an answer's text; "" for nothing, and for what is too long to be an answer.

    >>> normalise(r"\\left( \\dfrac{1}{2},\\, 10{,}000 \\right).")
    '( \\\\frac{1}{2}, 10000 )'
    """
    if len(text) > MAX_LENGTH:
        return ""
    if _PLAIN.fullmatch(text):  # most answers; nothing below would change it
        return text
    for _ in range(8):
        changed = _trim(_apply_rules(unify_characters(text)))
        if changed == text:
            break
        text = changed
    return text


def unify_characters(text: str) -> str:
    """Unicode's minus signs, operators, digits, fractions, super- and subscripts as ASCII or LaTeX."""
    if text.isascii():
        return text
    text = re.sub(r"(?:\d[\u0304\u0305])+", lambda match: f"\\overline{{{match[0][::2]}}}", text)
    text = re.sub(r"(\d)\u0307", r"\\dot{\1}", text)
    text = _RAISED.sub(lambda match: f"^{{{''.join(map(_SUPERSCRIPTS.__getitem__, match[0]))}}}", text)
    text = _LOWERED.sub(lambda match: f"_{{{''.join(map(_SUBSCRIPTS.__getitem__, match[0]))}}}", text)
    text = "".join(_vulgar_fraction(character) for character in text).translate(_TABLE)
    text = unicodedata.normalize("NFKC", text).translate(_TABLE).translate(_GREEK_TABLE)
    return "".join(_ascii_digit(character) for character in text)


def _vulgar_fraction(character: str) -> str:
    if "VULGAR FRACTION" not in unicodedata.name(character, ""):
        return character
    top, _, bottom = unicodedata.normalize("NFKC", character).partition("⁄")
    return f"\\frac{{{top}}}{{{bottom}}}" if bottom else character


def _ascii_digit(character: str) -> str:
    return str(unicodedata.decimal(character)) if character.isdecimal() and not character.isascii() else character


def _apply_rules(text: str) -> str:
    matrix = "\\begin" in text
    for pattern, replacement, condition in _COMPILED:
        if not condition or (not matrix if condition == "no matrix" else condition in text):
            text = pattern.sub(replacement, text)
    return text


def _trim(text: str) -> str:
    """Without spaces, fences and sentence marks around it, and without braces that enclose all of it."""
    text = text.strip(" \t\n")
    if text.endswith((".", ",", ";", ":", "。")) and not text.endswith(("..", "\\,", "\\;", "\\:")):
        text = text[:-1].rstrip()
    text = text.lstrip(",;: ")
    while (
        text.startswith("{") and text.endswith("}") and not text.endswith("\\}") and closing(text, 0) == len(text) - 1
    ):
        text = text[1:-1].strip()
    return text


def closing(text: str, start: int) -> int:
    """Where the brace at `start` closes; -1 if it does not. Escaped braces do not count."""
    depth = 0
    position = start
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 1
        elif character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
            if not depth:
                return position
        position += 1
    return -1


def plain_text(text: str) -> str:
    """Only the words: without \\text{…} wrappers, quotes, doubled spaces and sentence marks, in lower case."""
    text = re.sub(r"\\text\{([^{}]*)\}", r" \1 ", text)
    text = re.sub(r"[\"'`*_]", "", text)
    return re.sub(r"\s+", " ", text).strip(" .,;:!").casefold()


def split_top(text: str, separators: re.Pattern[str]) -> list[str]:
    """The pieces of a text between separators that stand outside every bracket."""
    pieces, depth, start, position = [], 0, 0, 0
    while position < len(text):
        match = separators.match(text, position) if not depth else None
        if match and match.end() > position:
            pieces.append(text[start:position])
            start = position = match.end()
            continue
        character = text[position]
        if character == "\\" and text[position + 1 : position + 2] in ("{", "}"):
            position += 1
            character = text[position]
        depth += (character in "([{") - (character in ")]}")
        position += 1
    return [*pieces, text[start:]]
