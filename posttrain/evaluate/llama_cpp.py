"""llama.cpp in this process: a GGUF file behind an OpenAI-compatible address of its own."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from posttrain.errors import UserError


@dataclass
class LlamaCpp:
    """path: a `.gguf` · slots: conversations at once · context: tokens of each, with the reply

    Its replies are those that people will get: from the file's own chat template, tokenizer and stop tokens.
    """

    path: Path
    slots: int
    context: int

    def __post_init__(self) -> None:
        if self.path.suffix != ".gguf" or not self.path.is_file():
            raise UserError(f"--backend llama.cpp reads a .gguf file, and {self.path} is none")
        if find_spec("xllamacpp") is None or find_spec("openai") is None:
            raise UserError('--backend llama.cpp: pip install "posttrain[llama]" (xllamacpp, llama.cpp prebuilt)')
        import xllamacpp

        given = xllamacpp.CommonParams()
        given.model.path = str(self.path)
        given.n_parallel = self.slots
        given.n_ctx = self.slots * self.context
        given.port, given.warmup, given.verbosity = 0, False, -1
        try:
            self.server: Any = xllamacpp.Server(given)
        except RuntimeError as error:
            raise UserError(f"{self.path}: llama.cpp cannot load it ({error})") from error

    @property
    def url(self) -> str:
        return f"{self.server.listening_address}/v1"
