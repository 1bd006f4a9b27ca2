"""Every family of instructions that can be verified: id -> (check, kinds of its keyword arguments)."""

from posttrain.reward.instructions.ifbench_formats import FORMAT_FAMILIES
from posttrain.reward.instructions.ifbench_sentences import SENTENCE_FAMILIES
from posttrain.reward.instructions.ifbench_words import WORD_FAMILIES
from posttrain.reward.instructions.ifeval import IFEVAL, Check
from posttrain.reward.instructions.own import OWN_FAMILIES

IFBENCH = WORD_FAMILIES | SENTENCE_FAMILIES | FORMAT_FAMILIES
FAMILIES: dict[str, tuple[Check, dict[str, str]]] = IFEVAL | IFBENCH | OWN_FAMILIES
