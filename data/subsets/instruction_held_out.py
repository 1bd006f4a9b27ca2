"""Instruction families of our own, held out of training to see whether obedience carries over to new rules.

Builders as in `instruction_families`; `posttrain.reward.instructions.own` has the check of each.
"""

import re

from posttrain.data.subsets.instruction_drafts import Draft, load_bank
from posttrain.data.subsets.instruction_families import Asked, Builder, join_plainly, quoted

ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV", "XV")
COLOURS = ("red", "blue", "green", "yellow", "white", "black", "brown", "grey", "purple", "pink", "golden", "silver")
TAGS = (
    ("introduction", "facts", "tips", "conclusion"),
    ("opening", "background", "advice", "closing"),
    ("intro", "context", "steps", "summary"),
    ("start", "knowledge", "practice", "end"),
)


def words_of(text: str) -> list[str]:
    """Words as the checks count them: what spaces divide and holds a letter or digit."""
    return [word for word in text.split() if any(map(str.isalnum, word))]


def table_size(draft: Draft) -> Asked:
    """Tips in rows, with a fact beside each in wider tables."""
    columns = draft.rng.randint(2, 4)
    rows = min(draft.rng.randint(3, 7), len(draft.topic["tips"]))
    first = "Step" if draft.topic["kind"] == "practice" else "Idea"
    header = [first, "What to do", "Good to know", "Done"][:columns]
    numbers = ["One", "Two", "Three", "Four", "Five", "Six", "Seven"]
    pairs = zip(numbers, draft.topic["tips"][:rows], draft.topic["facts"], strict=False)
    table = [header, ["---"] * columns, *([number, tip, fact, "no"][:columns] for number, tip, fact in pairs)]
    draft.text = "\n".join(f"| {' | '.join(cells)} |" for cells in table)
    return {"num_rows": rows, "num_columns": columns}, {"rows": rows, "columns": columns}


def max_word_length(draft: Draft) -> Asked:
    """The topic's sentences that have short words only; at least three of them."""
    longest = {s: max(map(len, re.findall(r"[^\W\d_]+", s))) for s in draft.topic["facts"] + draft.topic["tips"]}
    k = max(draft.rng.randint(5, 8), sorted(longest.values())[2])
    draft.text = " ".join(sentence for sentence, length in longest.items() if length <= k)
    return {"max_letters": k}, {"k": k}


def heading_words(draft: Draft) -> Asked:
    """The draft's title as a heading above the text."""
    join_plainly(draft)
    draft.text = f"# {draft.title}\n\n{draft.text}"
    n = len(words_of(draft.title))
    return {"num_words": n}, {"n": n}


def roman_numerals(draft: Draft) -> Asked:
    """Tips and, in longer lists, facts under Roman numerals."""
    points = (draft.topic["tips"] + draft.topic["facts"])[: draft.rng.randint(3, 12)]
    draft.text = "\n".join(f"{numeral}. {point}" for numeral, point in zip(ROMAN, points, strict=False))
    return {"num_items": len(points)}, {"n": len(points), "last": ROMAN[len(points) - 1]}


def one_colour_per_sentence(draft: Draft) -> Asked:
    """A scene whose every sentence has room for one colour."""
    scene = draft.rng.choice(load_bank("scenes"))
    bank = load_bank("forms")["en"]
    draft.request = draft.rng.choice(bank["colour_requests"]).format(scene=scene["scene"])
    colours = draft.rng.sample(COLOURS, draft.rng.randint(4, 7))
    size = draft.rng.randint(4, len(scene["sentences"]))
    chosen = sorted(draft.rng.sample(range(len(scene["sentences"])), size))
    painted = [_paint(scene["sentences"][i], draft.rng.choice(colours)) for i in chosen]
    draft.text = " ".join(painted)
    return {"colours": colours}, {"words": quoted(colours, "en")}


def _paint(sentence: str, colour: str) -> str:
    return sentence.replace("{c}", colour)


def growing_paragraphs(draft: Draft) -> Asked:
    """Paragraphs of one, two, three, … sentences."""
    n = draft.rng.randint(2, 4)
    sentences = [draft.opener, *draft.topic["facts"], *draft.topic["tips"]]
    starts = [size * (size - 1) // 2 for size in range(1, n + 2)]
    paragraphs = [sentences[a:b] for a, b in zip(starts, starts[1:], strict=False)]
    draft.text = "\n\n".join(" ".join(part) for part in paragraphs)
    return {"num_paragraphs": n}, {"n": n}


def alternating_paragraphs(draft: Draft) -> Asked:
    """One sentence and three sentences in turn; the limits lie between the two lengths."""
    n = draft.rng.randint(2, 4)
    short = [draft.opener, draft.bridge]
    long = [draft.topic["facts"], draft.topic["tips"]]
    size = draft.rng.randint(3, 5)
    parts = [short[i // 2] if i % 2 == 0 else " ".join(long[i // 2][:size]) for i in range(n)]
    counts = [len(words_of(part)) for part in parts]
    short_max = -(-max(counts[::2]) // 5) * 5
    long_min = min(counts[1::2]) // 5 * 5
    draft.text = "\n\n".join(parts)
    kwargs = {"num_paragraphs": n, "short_max": short_max, "long_min": long_min}
    return kwargs, {"n": n, "short": short_max, "long": long_min}


def acrostic_lines(draft: Draft) -> Asked | None:
    """A word that the initials of the topic's sentences can spell."""
    sentences = draft.topic["tips"] + draft.topic["facts"]
    spelled = [lines for word in load_bank("words")["acrostics"] if (lines := _spell(word, sentences))]
    if not spelled:
        return None
    lines = draft.rng.choice(spelled)
    word = "".join(line[0] for line in lines).upper()
    draft.text = "\n".join(lines)
    return {"word": word}, {"word": word}


def _spell(word: str, sentences: list[str]) -> list[str]:
    """One sentence for each letter of the word, none twice; empty where the letters do not suffice."""
    left, lines = list(sentences), []
    for letter in word.upper():
        fitting = [sentence for sentence in left if sentence.startswith(letter)]
        if not fitting:
            return []
        lines.append(fitting[0])
        left.remove(fitting[0])
    return lines


def only_questions(draft: Draft) -> Asked:
    """Tips turned into questions."""
    bank = load_bank("forms")["en"]
    audience = draft.rng.choice(bank["audiences"])
    draft.request = draft.rng.choice(bank["quiz"]).format(topic=draft.topic["name"], audience=audience)
    plain = [tip for tip in draft.topic["tips"] if not re.search(r", |\bbecause\b|\byourself\b", tip)]
    tips = draft.rng.sample(plain, draft.rng.randint(2, min(5, len(plain))))
    frames = draft.rng.sample(bank["quiz_frames"], len(tips))
    draft.text = " ".join(f.format(tip=tip[0].lower() + tip[1:-1]) for f, tip in zip(frames, tips, strict=True))
    return {"num_questions": len(tips)}, {"n": len(tips)}


def words_per_line(draft: Draft) -> Asked:
    """Sentences of the topic that happen to have the same number of words, one a line."""
    groups: dict[int, list[str]] = {}
    for sentence in draft.topic["facts"] + draft.topic["tips"]:
        groups.setdefault(len(words_of(sentence)), []).append(sentence)
    size = draft.rng.choice([size for size, group in groups.items() if len(group) > 1])
    lines = groups[size][: draft.rng.randint(2, 4)]
    draft.text = "\n".join(lines)
    return {"num_lines": len(lines), "num_words": size}, {"lines": len(lines), "n": size}


def xml_tags(draft: Draft) -> Asked:
    """Opener, facts, tips and closer in elements of their own; sometimes only the middle two."""
    tags = draft.rng.choice(TAGS)
    parts = [draft.opener, " ".join(draft.facts), " ".join(draft.tips), draft.closer]
    kept = draft.rng.choice(((0, 1, 2, 3), (0, 1, 2), (1, 2), (1, 2, 3)))
    draft.text = "\n".join(f"<{tags[i]}>\n{parts[i]}\n</{tags[i]}>" for i in kept)
    chosen = [tags[i] for i in kept]
    return {"tags": chosen}, {"words": quoted(chosen, "en").replace('"', "")}


def alphabetical_items(draft: Draft) -> Asked:
    """Tips in alphabetical order."""
    size = draft.rng.randint(3, len(draft.topic["tips"]))
    items = sorted(draft.rng.sample(draft.topic["tips"], size), key=str.casefold)
    draft.text = "\n".join(f"- {item}" for item in items)
    return {"num_items": size}, {"n": size}


def same_first_last_sentence(draft: Draft) -> Asked:
    """The opener returns at the end, as a refrain."""
    draft.closer = draft.opener
    join_plainly(draft)
    return {}, {}


HELD_OUT_FAMILIES: dict[str, Builder] = {
    "own:table_size": table_size,
    "own:max_word_length": max_word_length,
    "own:heading_words": heading_words,
    "own:roman_numerals": roman_numerals,
    "own:one_colour_per_sentence": one_colour_per_sentence,
    "own:growing_paragraphs": growing_paragraphs,
    "own:alternating_paragraphs": alternating_paragraphs,
    "own:acrostic_lines": acrostic_lines,
    "own:only_questions": only_questions,
    "own:words_per_line": words_per_line,
    "own:xml_tags": xml_tags,
    "own:alphabetical_items": alphabetical_items,
    "own:same_first_last_sentence": same_first_last_sentence,
}
