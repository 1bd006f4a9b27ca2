"""Rows of RLVR-IFeval (Tülu 3, 2411.15124), whose `ground_truth` names a function, as IFEval instructions.

They are judged by IFEval's checks, which the functions resemble: paragraphs stand between `***`, "around" is within a
tenth, and counts of a keyword or letter are exact.
"""

import json
from collections.abc import Mapping
from typing import Any

from posttrain.errors import UserError

# function: (IFEval id, {its argument: ours}, our arguments that are fixed)
FUNCTIONS: dict[str, tuple[str, dict[str, str], dict[str, Any]]] = {
    "verify_keywords": ("keywords:existence", {"keyword_list": "keywords"}, {}),
    "verify_keyword_frequency": (
        "keywords:frequency",
        {"word": "keyword", "N": "frequency"},
        {"relation": "exactly"},
    ),
    "validate_forbidden_words": ("keywords:forbidden_words", {"forbidden_words": "forbidden_words"}, {}),
    "verify_letter_frequency": (
        "keywords:letter_frequency",
        {"letter": "letter", "N": "let_frequency"},
        {"let_relation": "exactly"},
    ),
    "validate_response_language": ("language:response_language", {"language": "language"}, {}),
    "verify_paragraph_count": ("length_constraints:number_paragraphs", {"N": "num_paragraphs"}, {}),
    "validate_word_constraint": (
        "length_constraints:number_words",
        {"N": "num_words", "quantifier": "relation"},
        {},
    ),
    "verify_sentence_constraint": (
        "length_constraints:number_sentences",
        {"N": "num_sentences", "quantifier": "relation"},
        {},
    ),
    "validate_paragraphs": (
        "length_constraints:nth_paragraph_first_word",
        {"N": "num_paragraphs", "i": "nth_paragraph", "first_word": "first_word"},
        {},
    ),
    "verify_postscript": ("detectable_content:postscript", {"postscript_marker": "postscript_marker"}, {}),
    "validate_placeholders": ("detectable_content:number_placeholders", {"N": "num_placeholders"}, {}),
    "verify_bullet_points": ("detectable_format:number_bullet_lists", {"N": "num_bullets"}, {}),
    "validate_title": ("detectable_format:title", {}, {}),
    "validate_choice": ("detectable_format:constrained_response", {}, {}),
    "validate_highlighted_sections": ("detectable_format:number_highlighted_sections", {"N": "num_highlights"}, {}),
    "validate_sections": (
        "detectable_format:multiple_sections",
        {"N": "num_sections", "section_splitter": "section_spliter"},
        {},
    ),
    "validate_json_format": ("detectable_format:json_format", {}, {}),
    "validate_repeat_prompt": ("combination:repeat_prompt", {"original_prompt": "prompt_to_repeat"}, {}),
    "validate_two_responses": ("combination:two_responses", {}, {}),
    "validate_uppercase": ("change_case:english_capital", {}, {}),
    "validate_lowercase": ("change_case:english_lowercase", {}, {}),
    "validate_frequency_capital_words": (
        "change_case:capital_word_frequency",
        {"N": "capital_frequency", "quantifier": "capital_relation"},
        {},
    ),
    "validate_end": ("startend:end_checker", {"end_phrase": "end_phrase"}, {}),
    "validate_quotation": ("startend:quotation", {}, {}),
    "validate_no_commas": ("punctuation:no_comma", {}, {}),
}


def is_ground_truth(value: Any) -> bool:
    """Whether a row's `ground_truth` is an instruction's: an object or its JSON, not an answer of mathematics."""
    return isinstance(value, Mapping) or (isinstance(value, str) and value.lstrip().startswith("{"))


def from_ground_truth(ground_truth: Any, where: str = "") -> tuple[list[str], list[dict[str, Any]]]:
    """(ids, kwargs) of a row's `ground_truth`: an object with `func_name` and the function's arguments, or its JSON."""
    try:
        truth = json.loads(ground_truth) if isinstance(ground_truth, str) else ground_truth
        family, names, fixed = FUNCTIONS[truth["func_name"]]
    except (ValueError, KeyError, TypeError):
        message = f"{where}ground_truth must be an object with a known func_name such as verify_keywords"
        raise UserError(f"{message}, not {ground_truth!r:.120}") from None
    return [family], [fixed | {ours: truth.get(theirs) for theirs, ours in names.items()}]
