"""Language: a reply should be in the language that was expected.

What a text is in tells `posttrain.language`; here stands what may be expected of a reply, and when.
"""

import re
from dataclasses import dataclass
from typing import Any

from posttrain.data.conversation import exchanges
from posttrain.data.filters import Finding, Row
from posttrain.errors import UserError
from posttrain.language import ENGLISH_NAMES, language_code, related, scores_of
from posttrain.prose import QUOTED, READ, running_text

NO_LANGUAGE = {"", "und", "mul", "zxx", "mis", "none", "null", "unknown", "code"}
# How a prompt asks for another language: its name, or a word for translating, in the tongues of most chat data. Word
# beginnings, so that endings need no list.
NAMES = (
    r"englisch|deutsch|französisch|spanisch|italienisch|portugiesisch|russisch|chinesisch|japanisch|koreanisch|"
    r"arabisch|"
    r"türkisch|polnisch|niederländisch|lateinisch|griechisch|ukrainisch|schwedisch|anglais|allemand|français|espagnol|"
    r"italien|portugais|russe|chinois|japonais|coréen|arabe|turc|polonais|néerlandais|grec|ukrainien|inglés|inglese|"
    r"inglês|alemán|alemão|tedesco|francés|francês|francese|español|espanhol|spagnolo|castellano|portugués|português|"
    r"portoghese|italian[oa]|ruso|russo|chino|chinês|cinese|japonés|japonês|giapponese|coreano|árabe|arabo|turco|latín|"
    r"latim|latino\b|engels|duits|frans\b|spaans|nederlands|italiaans|angielsk|niemieck|francusk|hiszpańsk|polsk|"
    r"rosyjsk|"
    r"włosk|engelsk|tysk|fransk|spansk|svensk|norsk|dansk|английск|немецк|французск|испанск|русск|китайск|японск|"
    r"итальянск|англійськ|німецьк|французьк|українськ|ingilizce|almanca|fransızca|ispanyolca|türkçe|rusça|"
    r"bahasa|inggris|tiếng|anglick|německ|česk|angol|német|magyar|englez|român"
)
TRANSLATION = (
    r"translat|transliterat|interpret(?:er|ation)\b|bilingual|multilingual|language|übersetz|übertrag|sprache|"
    r"tradu[cizt]|"
    r"langue|idioma|lengua|lingua\b|língua|vertaal|vertal|taal\b|tłumacz|przetłumacz|język|översätt|oversæt|oversett|"
    r"språk|sprog|перевед|перевод|перекла|язык|мов[аиуоі]|çevir|tercüme|\bdil(?:i|de|e)\b|terjemah|ngôn ngữ|přelož|"
    r"prelož|jazyk|fordít|nyelv|käännä|kiele|traduz|traduce"
)
UNSPACED = (
    r"翻译|翻譯|译成|譯成|英文|英语|英語|中文|汉语|漢語|日文|日语|日語|法语|法語|德语|德語|西班牙语|俄语|韩语|語で|语言|訳し|訳して|言語|日本語|韓国語|"
    r""
    r"フランス語|ドイツ語|スペイン語|번역|영어|한국어|일본어|중국어|프랑스어|독일어|스페인어|언어|ترجم|بالإنجليزية|الإنجليزية|العربية|"
    r"الفرنسية|"
    r"انگلیسی|فارسی|زبان|لغة|अनुवाद|अंग्रेज|हिंदी|हिन्दी|भाषा|แปล|ภาษา|μετάφρα|μετέφρα|αγγλικ|ελληνικ|γλώσσα|תרגם|"
    r"תרגמ|אנגלית|עברית|שפה"
)
OTHER_LANGUAGE = re.compile(
    rf"\b(?:{NAMES}|{TRANSLATION}|(?:{'|'.join(ENGLISH_NAMES)})\b)|{UNSPACED}|"
    r"\b(?:auf|in|en|em|ins|into|to)\s+(?-i:EN|DE|FR|ES|IT|PT|JP|ZH|RU)\b",
    re.IGNORECASE,
)
CAPITALISED = re.compile(r"(?<!\S)[A-ZÀ-ÖØ-Þ]\S*")


@dataclass
class Language:
    """Drops rows with a reply in a language that was not expected.

    `expect` lists the languages (ISO 639-1) that any reply may be in. Beside it, a row's `language` column names the
    language of its replies; without one, a reply should be in a language that the user wrote in. The last two rules
    are waived where the conversation names a language or asks for a translation. Replies too short or too uncertain to
    tell, and those mostly of code, formulas, names or titles, pass.
    """

    expect: list[str] | None = None
    stateful = False

    def __post_init__(self) -> None:
        if self.expect is None:
            return
        if not isinstance(self.expect, list) or not self.expect:
            raise UserError(f"language: expect must be a list of codes such as [en, de], not {self.expect!r}")
        codes = [language_code(language) for language in self.expect]
        for given, code in zip(self.expect, codes, strict=True):
            if code is None:
                hint = ' (YAML reads a bare no as false: write "no")' if given is False else ""
                raise UserError(f"language: expect has {given!r}, which is no known ISO 639-1 code such as en{hint}")
        self.expect = [code for code in codes if code]

    def __call__(self, row: Row) -> Finding | None:
        column = row.get("language")
        for before, reply in exchanges(row):
            prose = running_text(reply)
            if not _long_enough(prose):
                continue
            scores = scores_of(prose)
            if self.expect and (found := _foreign(scores, set(self.expect), reply)):
                return _finding(self.expect, found, reply)
            if isinstance(column, str) and column.strip().lower() in NO_LANGUAGE - {"", "und", "unknown"}:
                continue
            labelled = language_code(column)
            languages = {labelled} if labelled else _user_languages(scores, before)
            if languages and (found := _foreign(scores, languages, reply)) and not _asks_for_language(before):
                return _finding(sorted(languages), found, reply)
        return None


def _finding(expected: list[str], found: str, reply: str) -> Finding:
    return Finding(f"expected_{'_'.join(expected)}_found_{found}", reply.strip()[:200])


def _foreign(scores: dict[str, float], expected: set[str], reply: str) -> str | None:
    """The language of a reply that is surely in none of the expected ones."""
    accepted = set().union(*(related(language) for language in expected))
    best = max(scores, key=lambda language: scores[language], default=None)
    if best is None or best in accepted or sum(scores.get(language, 0.0) for language in accepted) > 0.1:
        return None
    if sum(scores.get(language, 0.0) for language in related(best)) < 0.75:
        return None
    return None if _partly_in(accepted, reply) else best


def _partly_in(accepted: set[str], reply: str) -> bool:
    """Whether a fifth of the reply's lines, by letters, is in an accepted language: "Gern: Dear Sir, …"."""
    total = inside = 0
    for prose in map(running_text, reply[:READ].split("\n")):
        if len(prose) < 12:
            continue
        scores = scores_of(prose)
        total += len(prose)
        if sum(scores.get(language, 0.0) for language in accepted) > 0.5:
            inside += len(prose)
    return inside >= 0.2 * total


def _user_languages(found: dict[str, float], before: list[dict[str, Any]]) -> set[str]:
    """Languages the user wrote in, quotations and pasted texts included; empty where that is unsure.

    Stops at the reply's own likeliest language: with it among them there is nothing to object to.
    """
    languages: set[str] = set()
    best = max(found, key=lambda language: found[language], default="")
    for turn in before:
        if turn["role"] != "user":
            continue
        for part in [turn["content"], *_parts(turn["content"])]:
            prose = running_text(part)
            scores = scores_of(prose)
            if any(scores.get(language, 0.0) > 0.25 for language in related(best)):
                return set()
            sure = max(scores.values(), default=0.0) > 0.7
            languages.update(k for k, score in scores.items() if score > (0.7 if _weight(prose) >= 20 and sure else 2))
    return languages


def _parts(text: str) -> list[str]:
    """The first and last lines and quotations of a prompt, each of which may be in a language of its own."""
    lines = [line for line in text[:READ].split("\n") if line.strip()]
    quoted = [quote[1:-1] for quote in QUOTED.findall(text[:READ])]
    return list(dict.fromkeys(lines[:8] + lines[-8:] + quoted[:8]))


def _asks_for_language(before: list[dict[str, Any]]) -> bool:
    return any(OTHER_LANGUAGE.search(turn["content"]) for turn in before if turn["role"] != "assistant")


def _weight(prose: str) -> int:
    """Letters, where one that stands for a syllable or a word counts three."""
    wide = sum("\u3040" <= character <= "\ud7a3" for character in prose)
    return len(prose) - prose.count(" ") + 2 * wide


def _long_enough(prose: str) -> bool:
    """Whether a reply is long enough to object to: some six words that are not mostly names or titles."""
    if _weight(prose) < 36:
        return False
    words = prose.count(" ") + 1
    return words == 1 or prose.isupper() or len(CAPITALISED.findall(prose)) <= 0.6 * words
