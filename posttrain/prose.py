"""The running text in a reply: what remains of it without code, formulas, addresses, quotations and numbers.

Replies are hostile text: every pattern here takes time in proportion to the length, in whatever it is given. So a span
that was opened and never closed ends where the next one of its kind opens, and is not looked through again from there.
"""

import re

READ = 6000  # characters of a text that are looked at; more of them change no verdict
JUDGED = 800  # letters and spaces that reach the model, whose time grows with them
FENCED = re.compile(r"```[^`]*(?:```|\Z)|`[^`\n]+`|~~~[^~]*~~~")
# A block of code: its fence and, as the second group, what is inside; to the end where it is not closed.
FENCE = re.compile(r"^[ \t]*(```|~~~)[^\n]*\n(.*?)(?:^[ \t]*\1[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
# Displayed and inline formulas, environments and drawings; `\\[2pt]`, a line break, opens none.
FORMULAS = re.compile(
    r"\[asy\].*?(?:\[/asy\]|\Z)|\$\$[^$]+\$\$|\$[^$\n]+\$|"
    r"(?<!\\)\\\[[^\\]*+(?:\\[^\[\]][^\\]*+)*+\\\]|(?<!\\)\\\([^\\]*+(?:\\[^()][^\\]*+)*+\\\)|"
    r"\\begin\{(\w{1,30}\*?)\}[^\\]*+(?:\\(?!end\{\1\})[^\\]*+){0,500}+\\end\{\1\}",
    re.DOTALL,
)
LATEX = re.compile(rf"{FORMULAS.pattern}|\\[A-Za-z]+", re.DOTALL)
CODE_START = re.compile(
    r"\s{0,40}(?:(?:def|class|import|return|elif|except|print|public|private|static|const|let|var|function|func|fn|"
    r"package|"
    r"using|SELECT|INSERT|UPDATE|DELETE|CREATE|FROM|WHERE|JOIN|GROUP BY|ORDER BY|pip|npm|git|sudo)\s|"
    r"from\s+\S+\s+import|"
    r"else:|try:|#include|#!|//|/\*|--|@\w|\$ |>>>|<[/!?a-zA-Z]|[\w.]{1,60}\([fbru]{0,2}[\"'])"
)
CODE_PART = re.compile(r"[;{}]\s{0,9}$|\)\s?:$|=>|:=|[\w\])] ?(?:==|!=|\+=|->) ?\w|\w\(\w{0,40}\)|[a-z_] = ")
# URLs, addresses, tags, keys, paths, camelCase and the like: words of no language.
NO_WORD = re.compile(
    r"https?://\S+|www\.\S+|<[/!]?[A-Za-z][^<>\n]{0,200}>|&[a-z]+;|\"[\w .-]{1,40}\"\s*:|"
    r"\b\w{1,40}(?:[@_./\\]\w{1,40})+|\b[a-z]+[A-Z]\w*|\[[^\]\n]{0,60}\]|[@#]\w+"
)
QUOTED = re.compile(
    r"\"[^\"\n]{1,400}\"|“[^”\n]{1,400}”|„[^“”\n]{1,400}[“”]|«[^»\n]{1,400}»|「[^」\n]{1,400}」|『[^』\n]{1,400}』"
)
PLAIN_WORD = re.compile(r"(?<!\S)[(\"'“«]?[^\W\d_]{3,}[)\"'”».,:;!?]{0,2}(?!\S)")
FORMULA = re.compile(r"(?<!\S)\S*[=^∫∑∏√±≤≥≠≈∈∞²³⁰-⁹₀-₉→⇒∂∇×÷]\S*")
SEQUENCE = re.compile(r"\b[ACGTUN]{8,}\b|\b[ACGTU]{3}(?:[ -][ACGTU]{3}){3,}\b|\b[A-Z]{24,}\b")  # DNA, RNA, protein
NO_LETTER = re.compile(r"[^\w'’\u0300-\u036f\u0900-\u0dff\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u200c]|[\d_]")
LONE_LETTER = re.compile(r"(?<!\S)['’]*[A-Za-z]['’]*(?!\S)")


def running_text(text: str) -> str:
    """The letters of a reply's prose, single-spaced: code, formulas, quotations, numbers and other non-words removed.

    Of a text, the first READ characters are looked at and JUDGED of their letters and spaces returned.
    """
    text = text[:READ]
    for pattern, mark in ((FENCED, "`"), (LATEX, "")):
        if not mark or mark in text:
            text = pattern.sub(" ", text)
    text = SEQUENCE.sub(" ", text)
    text = "\n".join(line for line in NO_WORD.sub(" ", text).split("\n") if not _is_code(line))
    text = QUOTED.sub(" ", text)
    text = FORMULA.sub(" ", text)
    text = LONE_LETTER.sub(" ", NO_LETTER.sub(" ", text))
    return " ".join(text.split())[:JUDGED]


def _is_code(line: str) -> bool:
    if CODE_START.match(line):
        return True
    if not CODE_PART.search(line[-200:]) or len(PLAIN_WORD.findall(line[:400])) >= 3:
        return False
    return line.isascii() or max(line) < "\u0370"
