"""Ollama's Modelfile for an exported GGUF: Gemma's chat format in Ollama's template language, stops and sampling."""

from pathlib import Path

from posttrain.chat import END_OF_TURN, START_OF_TURN
from posttrain.gemma import SAMPLING

# Go's text/template. The system message opens the first user turn, as in Gemma's own template; Ollama adds <bos>.
TEMPLATE = """\
{{- $system := "" }}
{{- range $i, $_ := .Messages }}
{{- $last := eq (len (slice $.Messages $i)) 1 }}
{{- if eq .Role "system" }}{{- $system = .Content }}
{{- else if eq .Role "user" }}<start_of_turn>user
{{ if $system }}{{ $system }}

{{ $system = "" }}{{ end }}{{ .Content }}<end_of_turn>
{{ else }}<start_of_turn>model
{{ .Content }}{{ if not $last }}<end_of_turn>
{{ end }}{{ end }}
{{- if and $last (ne .Role "assistant") }}<start_of_turn>model
{{ end }}
{{- end }}"""


def write_modelfile(folder: Path, weights: str) -> None:
    """`ollama create NAME -f Modelfile`, run in `folder`, makes a model of the file `weights` beside it."""
    lines = [f"FROM ./{weights}", f'TEMPLATE """{TEMPLATE}"""']
    lines += [f'PARAMETER stop "{token}"' for token in (END_OF_TURN, START_OF_TURN)]
    lines += [f"PARAMETER {name} {SAMPLING[name]}" for name in ("temperature", "top_k", "top_p")]
    (folder / "Modelfile").write_text("\n".join(lines) + "\n")
