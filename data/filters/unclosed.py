"""What a text opens and leaves open: code fences, formulas, JSON, markup, brackets of code, rows of a table.

Each rule reads the whole text and answers whether its end is missing.
"""

import json
import re

FENCE = re.compile(r"^[ \t]{0,8}(?:>[ \t]?)?(`{3,12}|~{3,12})([^`\n]*)$", re.MULTILINE)
CLOSED_FENCE = re.compile(r"^[ \t]*(`{3,12}|~{3,12})[^\n]*\n.*?(?:^[ \t]*\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)

TAG = re.compile(r"<(/?)([A-Za-z][\w:.-]{0,40})((?:\s[^<>]{0,400})?)>")
OPEN_TAG = re.compile(r"</?(?:[A-Za-z][\w:.-]{0,40}(?:\s[^<>]{0,400})?)?$")
VOID_WORDS = "area base br col embed hr img input link meta param source track wbr path circle rect line use"
VOID = frozenset(VOID_WORDS.split())
CLOSE_OPTIONAL_WORDS = "li p td th tr dt dd option thead tbody tfoot colgroup"
CLOSE_OPTIONAL = frozenset(CLOSE_OPTIONAL_WORDS.split())
HTML_WORDS = (
    "html head body title div span p a ul ol li table thead tbody tr td th form input button label select option h1 h2 "
    "h3 h4 h5 h6 header footer nav main section article script style svg img em strong b i pre code textarea"
)
HTML = frozenset(HTML_WORDS.split())

CODE_LINE = re.compile(
    r"[;{}]\s*$|^\s*(?:def|class|import|from|return|elif|except|for|while|if|with|try:|else|print|public|private|"
    r"static|const|let|var|function|func|fn|package|using|async|await|struct|enum|interface|int|void|double|float|"
    r"String|SELECT|INSERT|UPDATE|DELETE|CREATE|FROM|WHERE|JOIN|LEFT|INNER|GROUP BY|ORDER BY|#include|//|@\w)"
    r"(?=[\s(:{<]|$)|^\s*[\w.\[\]]{1,60}\s*(?:[-+*/]?=)\s*\S|^\s*[\w.]{1,60}\(.{0,200}$|^\s*[\])}]+[,;)]*\s*$"
)
PROSE_LINE = re.compile(r"^[A-ZÀ-Þ][\w'’]* (?:[\w'’,]+ ){3,}[\w'’,]+")
STRINGS = re.compile(
    r'"""|\'\'\'|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|`(?:[^`\\]|\\.)*`|//[^\n]*|#[^\n]*|--\s[^\n]*'
)
UNFINISHED_CODE = re.compile(
    r"(?:[\w)\]\"']\s*(?:[-+*/%]?=|==|!=|[<>]=|\+|&&|\|\||=>|->|\.|,)|"
    r"\b(?:and|or|not|in|import|def|class|function|new|const|let|var|elif|lambda|SELECT|FROM|WHERE|AND|OR|JOIN|ON|BY|"
    r"INTO|VALUES|SET|BETWEEN|LIKE))$"
)
BLOCK_HEAD = re.compile(r"^\s*(?:def|class|for|while|if|elif|else|try|except|with|async def)\b.{0,200}:$")
OPENERS = {")": "(", "]": "[", "}": "{"}
# The argument of a formula's command, such as the denominator of \frac, that never ends.
OPEN_ARGUMENT = re.compile(r"\\[a-zA-Z]{2,20}(?:\{(?:[^{}\n$]|\{[^{}\n$]*\})*\})*\{(?:[^{}\n$]|\{[^{}\n$]*\})*$")


def is_unclosed(reply: str) -> bool:
    """Whether structure that the text opens outside code fences is still open at its end."""
    if _json_is_open(reply) or _latex_is_open(reply):
        return True
    text = CLOSED_FENCE.sub("\n", reply) if "```" in reply or "~~~" in reply else reply
    if not text.strip():
        return False
    return _table_is_open(text) or ("<" in text and _markup_is_open(text)) or _code_is_open(text)


def fence_is_open(reply: str) -> bool:
    """Whether a code block has begun and not ended.

    An odd fence that is the last line closes what the prompt opened.
    """
    if "```" not in reply and "~~~" not in reply:
        return False
    fences = list(FENCE.finditer(reply))
    if len(fences) % 2 == 0:
        return False
    opened = ""
    for fence in fences:
        if not opened:
            opened = fence[1]
        elif fence[1].startswith(opened) and not fence[2].strip():
            opened = ""
    last = fences[-1]
    announced = len(fences) == 1 and reply[: last.start()].rstrip().endswith(":")
    return bool(opened) and (last.end() < len(reply) or bool(last[2].strip()) or announced)


def _json_is_open(reply: str) -> bool:
    start = re.search(r'^(?=\{\s*"|\[\s*(?:[{"]|-?\d+,\s))', reply, re.MULTILINE)
    text = reply[start.start() :].strip() if start else ""
    if len(text) < 10 or (start and reply[: start.start()].count("```") % 2):
        return False
    try:
        json.JSONDecoder(strict=False).raw_decode(text)
    except json.JSONDecodeError as error:
        at_the_end = text[-1] not in "}]" and re.fullmatch(r"[\w.,:-]{0,12}", text[error.pos :])
        unterminated = error.msg.startswith("Unterminated string") and "\n" not in text[error.pos :]
        return bool(at_the_end) or unterminated or error.pos >= len(text)
    except (RecursionError, ValueError):
        return False
    return False


def _latex_is_open(reply: str) -> bool:
    if "\\" not in reply and "$$" not in reply:
        return False
    begun, ended = len(re.findall(r"\\begin\{", reply)), len(re.findall(r"\\end\{", reply))
    opened, closed = len(re.findall(r"(?<!\\)\\\[", reply)), len(re.findall(r"(?<!\\)\\\]", reply))
    odd = reply.count("$$") % 2 == 1 and "\\" in reply[reply.rfind("$$") :]
    open_ = begun > ended or opened > closed or odd or OPEN_ARGUMENT.search(reply[-400:])
    return bool(open_) and "`" not in reply and reply[-1] not in "$.!?"


def _table_is_open(text: str) -> bool:
    """Whether the last row of a Markdown table has fewer cells than the others, or lacks their closing pipe."""
    lines = [line.strip() for line in text.rstrip().split("\n")[-40:]]
    first = len(lines)
    while first and "|" in lines[first - 1]:
        first -= 1
    *rows, last = lines[first:] or [""]
    if len(rows) < 2 or not any(re.fullmatch(r"[|\s:-]*-[|\s:-]*", row) for row in rows[:2]):
        return False
    closed = all(row.endswith("|") for row in rows)
    if closed and not last.endswith("|"):
        return True
    return last.count("|") < min(row.count("|") for row in rows)


def _markup_is_open(text: str) -> bool:
    """Whether HTML or XML ends within a tag or before the end tags of what it opened."""
    start = re.search(r"^[ \t]*<(?:!DOCTYPE|\?xml|[A-Za-z])", text, re.MULTILINE | re.IGNORECASE)
    if not start or "`" in text:
        return False
    text = text[start.start() :].rstrip()
    text = re.sub(r"<(script|style)\b[^>]{0,400}>.*?</\1>|<!--.*?-->", " ", text, flags=re.DOTALL)
    tags = [(bool(closing), name, rest) for closing, name, rest in TAG.findall(text)]
    names = {name.lower() for _, name, _ in tags}
    if not tags or not (names & HTML or any(closing for closing, _, _ in tags)):
        return False
    if OPEN_TAG.search(text[-500:]) or re.search(r"<[A-Za-z][\w-]*\s[^<>]{0,400}=[\"'][^<>\"']{0,300}$", text[-800:]):
        return True
    stack: list[str] = []
    for closing, name, rest in tags:
        if closing and name in stack:
            del stack[len(stack) - 1 - stack[::-1].index(name) :]
        elif not closing and not rest.endswith("/") and name.lower() not in VOID:
            stack.append(name)
    if len(tags) < 3 or not text.lstrip().startswith("<"):
        return False
    needed = [name for name in stack if name.lower() not in CLOSE_OPTIONAL]
    return bool(needed) and (text[-1] == ">" or text[-1] not in ".!?" or stack[-1] in CLOSE_OPTIONAL)


def _code_is_open(text: str) -> bool:
    """Whether program text without a fence ends within a bracket, a string or a statement."""
    lines = [line for line in text.rstrip().split("\n") if line.strip()][-400:]
    if len(lines) < 2 or PROSE_LINE.match(lines[-1]) or "\\" in text:
        return False
    flags = [bool(CODE_LINE.search(line)) and not PROSE_LINE.match(line) for line in lines]
    start = flags.index(True) if any(flags) else len(lines)
    if sum(flags) < 2 or sum(flags[start:]) < 0.6 * (len(lines) - start):
        return False
    if not (flags[-1] or flags[-2] or lines[-1][0] in " \t"):
        return False
    code = "\n".join(lines[start:])
    last = STRINGS.sub('""', lines[-1]).rstrip()
    if UNFINISHED_CODE.search(last) or (BLOCK_HEAD.match(lines[-1]) and len(lines) - start >= 2):
        return True
    return re.search(r"(?<!\w)['\"]\w", last) is not None or _bracket_is_left(STRINGS.sub('""', code))


def _bracket_is_left(code: str) -> bool:
    stack: list[str] = []
    for mark in re.findall(r"[()\[\]{}]", code):
        if mark in "([{":
            stack.append(mark)
        elif stack and stack[-1] == OPENERS[mark]:
            stack.pop()
        elif mark in OPENERS:
            return False  # not code that this reading understands, or the end of what the prompt began
    return bool(stack)
