r"""The tokens of a mathematical expression, and the names that are known in it."""

import re


def word_set(text: str) -> frozenset[str]:
    """The set of a text's words: how the tables of names here are written."""
    return frozenset(text.split())


MAX_TOKENS = 400
GREEK = word_set(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi rho sigma tau "
    "upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Sigma Upsilon Phi Psi Omega ell"
)
FUNCTIONS = word_set(
    "sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh ln log lg exp abs floor ceil sqrt cbrt gcd lcm max min"
)
ALIASES = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "ceiling": "ceil", "infinity": "inf", "oo": "inf"}
CONSTANTS = {"pi": "pi", "inf": "inf", "infty": "inf"}
_NAMES = FUNCTIONS | GREEK | ALIASES.keys() | CONSTANTS.keys()
_TOKEN = re.compile(
    r"""(?P<rep>\d*\.\d*\\(?:overline|bar)\s*(?:\{\s*\d+\s*\}|\d))
      | (?P<num>(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,4}(?![\w.]))?)
      | (?P<edge>\\(?:begin|end)\s*\{[a-zA-Z]+\*?\}(?:\{[lcr|\s]*\})?)
      | (?P<cmd>\\[a-zA-Z]+|\\\\)
      | (?P<word>[a-zA-Z]+)
      | (?P<op>[-+*/^_!(){}\[\]|,&])
      | (?P<space>\s+)""",
    re.VERBOSE | re.ASCII,
)


class Unreadable(ValueError):
    """The text is no expression of this grammar."""


def tokens(text: str) -> list[str]:
    """An expression's numbers, commands, letters and signs. Raises Unreadable for anything else, and for too many."""
    found: list[str] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if not match or len(found) > MAX_TOKENS:
            raise Unreadable(f"at {text[position : position + 10]!r}" if not match else "too long")
        position = match.end()
        if match.lastgroup == "word":
            found += _split_word(match[0], followed_by=text[position : position + 1])
        elif match.lastgroup != "space":
            found.append(match[0])
    return found


def _split_word(word: str, followed_by: str) -> list[str]:
    """A run of letters: a known name (written as its command), or single letters, perhaps before a function's name."""
    if word in _NAMES and word != "xi":  # without its backslash that is x times i
        return [f"\\{word}"]
    if followed_by == "(":
        tails = [name for name in FUNCTIONS if word.endswith(name)]
        if tails:
            tail = max(tails, key=len)
            return [*word.removesuffix(tail), f"\\{tail}"]
    if word.endswith("pi") and len(word) <= 4:  # xpi, rpi
        return [*word.removesuffix("pi"), "\\pi"]
    if len(word) > 5:
        raise Unreadable(f"a word: {word[:20]}")
    return [*word]
