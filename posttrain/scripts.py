"""Scripts: which languages are written in a letter's script, and which ones a letter rules out."""

import re
from functools import lru_cache

CYRILLIC = frozenset(
    ("ru", "uk", "be", "bg", "sr", "mk", "kk", "ky", "tt", "ba", "tg", "mn", "os", "ce", "cv", "kv", "av")
)
ARABIC = frozenset(("ar", "fa", "ur", "ps", "ug", "sd", "ku", "pa", "az"))
DEVANAGARI = frozenset(("hi", "mr", "ne", "sa"))
# Scripts as code point ranges, with the languages written in them.
SCRIPTS: tuple[tuple[str, tuple[tuple[int, int], ...], frozenset[str]], ...] = (
    ("kana", ((0x3041, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF9F)), frozenset({"ja"})),
    ("han", ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF)), frozenset({"zh"})),
    ("hangul", ((0x1100, 0x11FF), (0x3131, 0x318E), (0xAC00, 0xD7A3)), frozenset({"ko"})),
    ("cyrillic", ((0x0400, 0x052F),), CYRILLIC),
    ("arabic", ((0x0600, 0x077F), (0x08A0, 0x08FF), (0xFB50, 0xFDFF), (0xFE70, 0xFEFC)), ARABIC),
    ("devanagari", ((0x0900, 0x097F),), DEVANAGARI),
    ("thai", ((0x0E00, 0x0E7F),), frozenset({"th"})),
    ("greek", ((0x0370, 0x03FF), (0x1F00, 0x1FFF)), frozenset({"el"})),
    ("hebrew", ((0x0590, 0x05FF), (0xFB1D, 0xFB4F)), frozenset({"he", "yi"})),
    ("bengali", ((0x0980, 0x09FF),), frozenset({"bn", "as"})),
    ("gurmukhi", ((0x0A00, 0x0A7F),), frozenset({"pa"})),
    ("gujarati", ((0x0A80, 0x0AFF),), frozenset({"gu"})),
    ("oriya", ((0x0B00, 0x0B7F),), frozenset({"or"})),
    ("tamil", ((0x0B80, 0x0BFF),), frozenset({"ta"})),
    ("telugu", ((0x0C00, 0x0C7F),), frozenset({"te"})),
    ("kannada", ((0x0C80, 0x0CFF),), frozenset({"kn"})),
    ("malayalam", ((0x0D00, 0x0D7F),), frozenset({"ml"})),
    ("sinhala", ((0x0D80, 0x0DFF),), frozenset({"si"})),
    ("lao", ((0x0E80, 0x0EFF),), frozenset({"lo"})),
    ("tibetan", ((0x0F00, 0x0FFF),), frozenset({"bo", "dz"})),
    ("burmese", ((0x1000, 0x109F),), frozenset({"my"})),
    ("georgian", ((0x10A0, 0x10FF), (0x1C90, 0x1CBF)), frozenset({"ka"})),
    ("ethiopic", ((0x1200, 0x139F),), frozenset({"am", "ti"})),
    ("khmer", ((0x1780, 0x17FF),), frozenset({"km"})),
    ("armenian", ((0x0530, 0x058F),), frozenset({"hy"})),
    ("divehi", ((0x0780, 0x07BF),), frozenset({"dv"})),
)
# Letters that decide between languages of one script: (a letter, no letter, languages that the text cannot be in).
DECIDING = (
    ("їєґ", "", CYRILLIC - {"uk"}),
    ("ў", "", CYRILLIC - {"be"}),
    ("і", "ыэёўәғқңөұүһ", CYRILLIC - {"uk"}),
    ("ыэё", "", frozenset({"uk", "bg", "sr", "mk"})),
    ("ыэё", "іўәғқңөұүһҷҳ", CYRILLIC - {"ru", "be"}),
    ("ъ", "", frozenset({"uk", "be", "sr", "mk"})),
    ("ђћ", "", CYRILLIC - {"sr"}),
    ("ѓќѕ", "", CYRILLIC - {"mk"}),
    ("џљњј", "", CYRILLIC - {"sr", "mk"}),
    ("ищ", "", frozenset({"be"})),
    ("әғқңұһ", "", frozenset({"ru", "uk", "be", "bg", "sr", "mk"})),
    ("æø", "", frozenset({"sv", "fi", "de"})),
    ("äö", "æø", frozenset({"no", "da"})),
    ("ñ¿¡", "", frozenset({"pt", "it", "fr", "ca"})),
    ("ãõ", "", frozenset({"es", "it", "fr", "gl", "ca"})),
    ("ß", "", frozenset({"nl", "lb", "sv", "da", "no"})),
    ("ٹڈڑںےھ", "", frozenset({"ar", "fa"})),
    ("پچژگیک", "", frozenset({"ar"})),
    ("ةىأإ", "پچژگٹڈ", frozenset({"fa", "ur"})),
    ("ळ", "", frozenset({"hi", "ne"})),
)
USUAL = frozenset({"hi", "ar", "ru"})  # what a few letters of a script are taken for, by number of speakers
ONLY = {"he": ("yi", re.compile("[װױײ]|אָ|אַ|פֿ")), "bn": ("as", re.compile("[ৰৱ]"))}


@lru_cache(maxsize=20_000)
def script_of(character: str) -> int:
    """The index of a letter's script in SCRIPTS; -1 is Latin and everything else."""
    point = ord(character)
    if point < 0x370:
        return -1
    for index, (_, ranges, _) in enumerate(SCRIPTS):
        if any(low <= point <= high for low, high in ranges):
            return index
    return -1


def excluded_languages(prose: str) -> frozenset[str]:
    """Languages that the text's letters rule out."""
    letters = set(prose.lower())
    if len(letters) == len("".join(letters).encode()):
        return frozenset()
    found = (never for some, none, never in DECIDING if not letters.isdisjoint(some) and letters.isdisjoint(none))
    return frozenset().union(*found)
