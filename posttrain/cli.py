"""The `posttrain` command."""

import argparse

from posttrain.errors import one_line_errors


@one_line_errors
def main(argv: list[str] | None = None) -> None:
    """Parse the command line and run one command; each imports what it needs, so that --help is quick."""
    args = _parser().parse_args(argv)
    args.run(args)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("posttrain", description="The Gemma post-training recipe.")
    commands = parser.add_subparsers(required=True, metavar="command")

    doctor = commands.add_parser("doctor", help="check the installation, a configuration, a model and its data")
    doctor.add_argument("--config", help="a recipe's YAML: what it will need in memory")
    doctor.add_argument("--launch", help="the accelerate config it will run under (processes, ZeRO stage)")
    doctor.add_argument("--model", help="hub id, folder, .gguf or gemma-3-270m; with --data")
    doctor.add_argument("--data", help="a data file (or `demo`): tokens, labels and traps of its first rows")
    doctor.add_argument("--rows", type=int, default=3, help="rows to look at (default 3)")
    doctor.set_defaults(run=_doctor)

    chat = commands.add_parser("chat", help="talk to a checkpoint in the terminal")
    chat.add_argument("--model", required=True, help="hub id, folder, .gguf or gemma-3-270m")
    chat.add_argument("--system", help="system message")
    chat.add_argument("--prompt", help="one question: print the reply and leave")
    chat.add_argument("--greedy", action="store_true", help="the likeliest token each time, instead of sampling")
    chat.add_argument("--max-new-tokens", type=int, default=512, help="longest reply (default 512)")
    chat.set_defaults(run=_chat)

    data = commands.add_parser("data", help="build a data mixture with its report, or look at rows")
    actions = data.add_subparsers(required=True, metavar="action")
    spec = "a mixture's YAML, a built folder, a data file or glob, a hub data set, or a built-in name such as `demo`"
    tokenizer = "counts tokens; any model name or folder, or `none` (default gemma-3-270m)"
    build = actions.add_parser("build", help="filter, deduplicate, mix; write Parquet, report.html and report.json")
    build.add_argument("spec", help=spec)
    build.add_argument("--out", required=True, help="folder for the Parquet files and the report")
    build.add_argument("--tokenizer", help=tokenizer)
    build.add_argument("--workers", type=int, help="processes (default: one a core)")
    build.set_defaults(run=_data_build)
    show = actions.add_parser("show", help="print the first rows of each source as they are trained, masks included")
    show.add_argument("spec", help=spec)
    show.add_argument("--rows", type=int, default=5, help="rows to print (default 5)")
    show.add_argument("--tokenizer", default="gemma-3-270m", help="any model name or folder (default gemma-3-270m)")
    show.set_defaults(run=_data_show)
    return parser


def _doctor(args: argparse.Namespace) -> None:
    from posttrain.doctor import doctor

    passed = doctor(config=args.config, launch=args.launch, model=args.model, data=args.data, rows=args.rows)
    raise SystemExit(0 if passed else 1)


def _chat(args: argparse.Namespace) -> None:
    from posttrain.terminal import chat

    chat(args.model, system=args.system, prompt=args.prompt, greedy=args.greedy, max_new_tokens=args.max_new_tokens)


def _data_build(args: argparse.Namespace) -> None:
    from posttrain.data_command import build

    build(args.spec, args.out, tokenizer=args.tokenizer, workers=args.workers)


def _data_show(args: argparse.Namespace) -> None:
    from posttrain.data_command import show

    show(args.spec, rows=args.rows, tokenizer=args.tokenizer)


if __name__ == "__main__":
    main()
