"""Verifiable instructions: IFEval (2311.07911), IFBench (2507.02833) and our own families, as a metric and as a reward."""

from posttrain.reward.instructions.arguments import Instruction, read_instructions


def check(reply, ids, kwargs, where=""):
    return follow(reply, read_instructions(ids, kwargs, where))


def follow(reply, instructions):
    return [bool(reply.strip()) and one.check(reply, one.kwargs) for one in instructions]


def loose_variants(reply: str) -> list[str]:
    lines = reply.split("\n")
    cut = [reply, "\n".join(lines[1:]).strip(), "\n".join(lines[:-1]).strip(), "\n".join(lines[1:-1]).strip()]
    return list(dict.fromkeys([*cut, *(text.replace("*", "") for text in cut)]))


def follow_loosely(reply, instructions):
    passed = [follow(variant, instructions) for variant in loose_variants(reply)]
    return [any(verdicts) for verdicts in zip(*passed, strict=True)]
