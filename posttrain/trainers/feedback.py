"""RL from execution feedback: conversations in which tests answer the model's programs."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from posttrain.chat import END_OF_TURN, encode_next_turn
from posttrain.reward.code import code_feedback
from posttrain.trainers.rl import GroupTrainer


class FeedbackTrainer(GroupTrainer):
    """RL from execution feedback (RLEF, 2410.02089): after a reply the row's public tests are run, and what failed is
    said in a user turn, which the model answers; the reward judges the last reply.

    The rows' `public_tests` are as `tests` of code_reward (and `entry_point` beside them). A conversation ends with its
    last turn, when the public tests pass, when a reply was cut, or where the model's positions end. All replies of a
    conversation are trained with its advantage, and what the tests said with none. The reward finds the column
    `turns_without_code`: how many replies before the last held no program.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.rollout_func = self._converse  # TRL's interface for environments

    def _generate(self, prompts):
        found = list(super()._generate(prompts))
        found[3] = [[{"role": "assistant", "content": text}] for text in self.last_replies]
        return tuple(found)

    def _converse(self, prompts, trainer):
        begun = time.perf_counter()
        prompt_ids = self._tokenize_prompts(prompts)[0]
        talks = [_Talk(list(ids)) for ids in prompt_ids]
        for turn in range(self.args.turns):
            which = [i for i, talk in enumerate(talks) if not talk.done]
            for i, ids, logps in self._say([talk.ids for talk in talks], which):
                talks[i].add(ids, logps, trained=1)
            if turn + 1 < self.args.turns:
                self._answer_with_tests(talks, which)
        texts = self._tokenizer.batch_decode([talk.last for talk in talks], skip_special_tokens=True)
        self.last_replies = [text.strip() for text in texts]
        written = {
            "prompt_ids": prompt_ids,
            "completion_ids": [talk.ids[len(ids) :] for talk, ids in zip(talks, prompt_ids, strict=True)],
            "logprobs": [talk.logps for talk in talks],
        }
        self.written = {"prompt_ids": prompt_ids, "reply_ids": written["completion_ids"], "logps": written["logprobs"]}
        self._metrics["train"]["turns/mean"].append(sum(talk.turns for talk in talks) / len(talks))
        self.seconds["generation"] += time.perf_counter() - begun
        empty = [talk.without_code for talk in talks]
        return written | {"env_mask": [talk.trained for talk in talks], "turns_without_code": empty}

    def _say(self, ids: list[list[int]], which: list[int]) -> Iterator[tuple[int, list[int], list[float]]]:
        if not self.use_vllm:
            self._count_generation()
            return zip(which, *self._write_part(ids, which), strict=True)
        replies, logps = super()._generate_single_turn(ids, None, {}, 1)  # of all: its server wants as many of each
        return iter([(i, replies[i], logps[i]) for i in which])

    def _answer_with_tests(self, talks: list["_Talk"], which: list[int]) -> None:
        stop = self._tokenizer.convert_tokens_to_ids(END_OF_TURN)
        for i in which:
            talks[i].done |= talks[i].last[-1:] != [stop]
        open_talks = [i for i in which if not talks[i].done]
        replies = self._tokenizer.batch_decode([talks[i].last for i in open_talks], skip_special_tokens=True)
        rows = [self.asked[i] for i in open_talks]
        names = [row.get("entry_point") for row in rows]
        context = self.model.config.get_text_config().max_position_embeddings
        judged = code_feedback(replies, [row["public_tests"] for row in rows], names) if rows else []
        for i, (status, text) in zip(open_talks, judged, strict=True):
            talk = talks[i]
            said = encode_next_turn(f"{text}\n\nGive it another try.", self._tokenizer)
            beyond_it = status in ("tests", "no tests", "unavailable")  # at fault is not the program
            talk.done = beyond_it or not text or len(talk.ids) + len(said) + self.max_completion_length > context
            if not talk.done:
                talk.without_code += status == "no code"
                talk.add(said, [0.0] * len(said), trained=0)


@dataclass
class _Talk:
    """A conversation so far. ids: prompt and all · trained, logps: of all but the prompt · last: its last reply"""

    ids: list[int]
    logps: list[float] = field(default_factory=list)
    trained: list[int] = field(default_factory=list)
    last: list[int] = field(default_factory=list)
    turns: int = 0
    without_code: int = 0
    done: bool = False

    def add(self, ids: list[int], logps: list[float], *, trained: int) -> None:
        self.ids = [*self.ids, *ids]
        self.logps += logps
        self.trained += [trained] * len(ids)
        if trained:
            self.last, self.turns = ids, self.turns + 1
