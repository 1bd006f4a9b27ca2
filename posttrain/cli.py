"""The `posttrain` command."""

import argparse
from typing import Any

from posttrain.errors import UserError, one_line_errors

RAW = argparse.RawDescriptionHelpFormatter
EVAL = """Score a model on benchmarks, each figure with its 95 % interval.

  posttrain eval --model runs/demo --task gsm8k,humaneval --limit 64 --out runs/demo/eval
  posttrain eval --compare runs/base/eval runs/demo/eval

tasks: gsm8k, math, humaneval, mbpp, ifeval, ifbench; exact for rows of your own with `answer`"""
LONGEST = "longest reply (default: math 2048, ifeval and ifbench 1280, mbpp 512, the others 1024)"

STUDENT = """Cut a smaller Gemma out of a bigger one, to be trained by distillation.
It is no published size, and of no use before.

  posttrain student --model gemma-3-270m --layers 9 --out runs/student

Layers are taken evenly over the depth, local from local and global from global; FFN neurons by the norms of their
weights."""

AVERAGE = """Average the weights of checkpoints, or of LoRA adapters of one base, whatever their size.

  posttrain average mean runs/rm-1 runs/rm-2 runs/rm-3 --out runs/warm
  posttrain average slerp runs/rl-1 runs/rl-2 --init runs/sft --out runs/merged
  posttrain average interpolate runs/merged --init runs/sft --eta 0.3 --out runs/warp
  posttrain average ema runs/a runs/b runs/c --rate 0.1 --out runs/ema

mean         of the folders; WARM's (2401.12187) and model soups'. Nothing else is needed
slerp        of two folders or more that began from --init; WARP's (2406.16768)
interpolate  of one folder and --init, by --eta; WARP's. Several --eta write a folder each
ema          of the folders in the order given, by --rate"""

WARM = """Train reward models that differ in seed, learning rate, dropout or SFT checkpoint, and average their weights
(WARM, 2401.12187).

  posttrain warm recipes/members/warm_270m_cpu.yaml --out runs/warm

The spec holds `config` (a YAML of it_reward_model.py), `launch` (an accelerate config), `all` (settings
of every member), `members` (settings each) and `average`: mean, or greedy (members that do not make the held-out
accuracy worse). The result is in DIR/warm."""

WARP = """RL runs from one checkpoint, merged by SLERP and drawn back to it by LITI, round by round (WARP, 2406.16768).

  posttrain warp recipes/members/warp_270m_cpu.yaml --out runs/warp

The spec holds `model` (where RL begins), `config` (a YAML of it_rl.py), `launch` (an accelerate config), `all`
(settings of every member), `members` (settings each), and maybe `rounds` (1), `eta` (0.3; what each round keeps of its
merge), `front` (the shares of the last merge that are written and scored at the end) and `rows` (held-out prompts to
score on)."""

RUN = """Run a pipeline: every stage from the pre-trained model to the evaluated -IT model, each launched as its recipe.

  posttrain run recipes/pipelines/gemma3_270m_cpu.yaml --dry-run
  posttrain run recipes/pipelines/gemma3_270m_cpu.yaml --out runs/270m

A stage's folder hangs on its settings, its inputs and the version of the code: what is finished is not run again, what
has changed is, with all that follows, and after a kill the same command goes on."""

EXPORT = """Write a checkpoint as others take it, with a model card.

  posttrain export --model runs/demo --format gguf --dtype q4_0 --out exports/demo-q4_0
  posttrain export --model runs/demo --format adapter --out exports/demo-adapter

hf       a plain folder: transformers, vLLM, lm-eval; an adapter is merged into its base
adapter  LoRA, under the names that vLLM looks for; of a run, or of a checkpoint in it
gguf     llama.cpp, and Ollama by the Modelfile beside it; f16, bf16, q8_0 or q4_0 (its embedding in Q8_0)

Of it_qat.py's output q4_0 holds exactly the weights that were trained."""

REPORT = """Read what a run has left behind.

  posttrain report runs/270m
  posttrain report rollouts runs/rl

RUN writes RUN/report.html, one page that needs nothing else: the stages and what they cost, curves, evaluations with
intervals, replies side by side. RUN is a pipeline's folder or a recipe's.
rollouts, in the terminal: the prompts whose replies have gained and lost the most reward, and the replies that look won
without work: a high reward, and a low value of `watch`, the reward that was not trained."""


@one_line_errors
def main(argv: list[str] | None = None) -> None:
    """Parse the command line and run one command; each imports what it needs, so that --help is quick."""
    args = parser().parse_args(argv)
    args.run(args)


def parser() -> argparse.ArgumentParser:
    """Of the whole command line."""
    whole = argparse.ArgumentParser("posttrain", description="The Gemma post-training recipe.")
    commands = whole.add_subparsers(required=True, metavar="command")
    for add in (
        _add_doctor,
        _add_chat,
        _add_eval,
        _add_data,
        _add_student,
        _add_average,
        _add_warm,
        _add_warp,
        _add_run,
        _add_export,
        _add_report,
        _add_dashboard,
    ):
        add(commands)
    return whole


def _add_doctor(commands: Any) -> None:
    doctor = commands.add_parser("doctor", help="check the installation, a configuration, a model and its data")
    doctor.add_argument("--config", help="a recipe's YAML: what it will need in memory")
    doctor.add_argument("--launch", help="with --config: the accelerate config it runs under (processes, ZeRO stage)")
    doctor.add_argument("--model", help="hub id, folder, .gguf or gemma-3-270m; with --data")
    doctor.add_argument("--data", help="a data file (or `demo`): tokens, labels and traps of its first rows")
    doctor.add_argument("--rows", type=int, default=3, help="rows to look at (default 3)")
    doctor.set_defaults(run=_doctor)


def _add_chat(commands: Any) -> None:
    chat = commands.add_parser("chat", help="talk to a checkpoint in the terminal")
    chat.add_argument("--model", required=True, help="hub id, folder, .gguf or gemma-3-270m; the server's name for it")
    chat.add_argument("--endpoint", metavar="URL", help="an OpenAI-compatible server, such as http://host:8000/v1")
    chat.add_argument("--backend", default="hf", choices=["hf", "llama.cpp"], help="default hf")
    chat.add_argument("--system", help="system message")
    chat.add_argument("--prompt", help="one question: print the reply and leave")
    chat.add_argument("--greedy", action="store_true", help="the likeliest token each time, instead of sampling")
    chat.add_argument("--max-new-tokens", type=int, default=512, help="longest reply (default 512)")
    chat.set_defaults(run=_chat)


def _add_eval(commands: Any) -> None:
    evaluation = commands.add_parser(
        "eval", help="score a model on benchmarks, or compare two evaluations", description=EVAL, formatter_class=RAW
    )
    evaluation.add_argument("--model", help="hub id, folder, .gguf or gemma-3-270m; the server's name with --endpoint")
    evaluation.add_argument("--task", help="one or more of the tasks, separated by commas")
    evaluation.add_argument("--out", help="folder for records and results; the same command goes on after a kill")
    evaluation.add_argument("--data", help="rows in place of the task's own: a file, glob, hub id or built-in set")
    evaluation.add_argument("--limit", type=int, help="only the first rows")
    evaluation.add_argument(
        "--k", type=int, default=1, help="replies a row: 1 (default) greedy, more sampled for pass@k"
    )
    evaluation.add_argument("--max-new-tokens", type=int, help=LONGEST)
    evaluation.add_argument("--batch-size", type=int, default=16, help="replies or requests at once (default 16)")
    evaluation.add_argument("--seed", type=int, default=0, help="of the samples (default 0)")
    evaluation.add_argument(
        "--backend", default="hf", choices=["hf", "vllm", "llama.cpp", "lm-eval"], help="default hf"
    )
    evaluation.add_argument(
        "--endpoint", metavar="URL", help="an OpenAI-compatible server, such as http://host:8000/v1"
    )
    evaluation.add_argument("--report-to", default="wandb", choices=["wandb", "none"], help="default wandb")
    evaluation.add_argument("--overwrite", action="store_true", help="begin anew where --out holds other records")
    evaluation.add_argument(
        "--compare", nargs=2, metavar=("DIR", "DIR"), help="two --out folders: the second to the first"
    )
    evaluation.set_defaults(run=_eval)


def _add_data(commands: Any) -> None:
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


def _add_student(commands: Any) -> None:
    student = commands.add_parser(
        "student", help="cut a smaller model out of a checkpoint", description=STUDENT, formatter_class=RAW
    )
    student.add_argument("--model", required=True, help="hub id, folder, .gguf or gemma-3-270m")
    student.add_argument("--layers", type=int, help="decoder layers to keep (default all)")
    student.add_argument("--keep", help="the layers to keep by number, 0,1,2,5, instead of an even spread")
    student.add_argument("--ffn", type=int, help="FFN neurons a layer to keep (default all)")
    student.add_argument("--out", required=True, help="folder for the student")
    student.add_argument("--dtype", help="of the written weights: bfloat16 or float32 (default: the checkpoint's)")
    student.add_argument("--overwrite", action="store_true", help="replace the model that --out holds")
    student.set_defaults(run=_student)


def _add_average(commands: Any) -> None:
    average = commands.add_parser(
        "average", help="average the weights of checkpoints", description=AVERAGE, formatter_class=RAW
    )
    average.add_argument("how", choices=["mean", "slerp", "interpolate", "ema"])
    average.add_argument("folders", nargs="+", metavar="DIR", help="folders of models, or of adapters of one base")
    average.add_argument("--init", help="the folder that they began from (required by slerp and interpolate)")
    average.add_argument("--weight", type=float, help="slerp of two: the second's share (default 0.5)")
    average.add_argument(
        "--eta", type=float, nargs="+", help="DIR's share; --init has the rest (required by interpolate)"
    )
    average.add_argument("--rate", type=float, help="what each further folder counts (required by ema)")
    average.add_argument("--out", required=True, help="folder for the result")
    average.add_argument("--dtype", help="of the written weights: bfloat16 or float32 (default: the sources')")
    average.set_defaults(run=_average)


def _add_warm(commands: Any) -> None:
    warm = commands.add_parser(
        "warm", help="train several reward models and average them", description=WARM, formatter_class=RAW
    )
    warm.add_argument("spec", help="the YAML")
    warm.add_argument("--out", required=True, help="folder for the members and the mean; the same command goes on")
    warm.add_argument("--commands", action="store_true", help="print the members' commands, to run them elsewhere")
    warm.set_defaults(run=_warm)


def _add_warp(commands: Any) -> None:
    warp = commands.add_parser("warp", help="rounds of RL runs, merged", description=WARP, formatter_class=RAW)
    warp.add_argument("spec", help="the YAML")
    warp.add_argument("--out", required=True, help="folder for rounds and front; the same command goes on")
    warp.add_argument("--commands", action="store_true", help="print the next round's commands, to run them elsewhere")
    warp.set_defaults(run=_warp)


def _add_run(commands: Any) -> None:
    run = commands.add_parser("run", help="run a pipeline of stages", description=RUN, formatter_class=RAW)
    run.add_argument("pipeline", help="the YAML")
    run.add_argument("--out", help="the run's folder (default runs/NAME, NAME being the YAML's)")
    run.add_argument("--dry-run", action="store_true", help="only print the plan: what would run, why, what it needs")
    run.add_argument("--submit", choices=["slurm"], help="write job scripts with their dependencies instead of running")
    run.set_defaults(run=_run)


def _add_export(commands: Any) -> None:
    export = commands.add_parser(
        "export", help="write a checkpoint for vLLM, llama.cpp, Ollama", description=EXPORT, formatter_class=RAW
    )
    export.add_argument("--model", required=True, help="hub id, folder, .gguf, gemma-3-270m, or an adapter's folder")
    export.add_argument("--format", default="hf", help="hf (default), adapter or gguf")
    export.add_argument("--dtype", help="hf: bfloat16 or float32; gguf: f16 (default), bf16, q8_0 or q4_0")
    export.add_argument("--base", help="of an adapter: its base (default: the one it names)")
    export.add_argument("--evaluation", nargs="+", default=[], metavar="DIR", help="folders of `eval`, for the card")
    export.add_argument("--out", required=True, help="folder for the result")
    export.add_argument(
        "--push", metavar="OWNER/NAME", help="then upload it to the hub, to a private repository where there is none"
    )
    export.set_defaults(run=_export)


def _add_report(commands: Any) -> None:
    report = commands.add_parser("report", help="read what a run left behind", description=REPORT, formatter_class=RAW)
    report.add_argument("words", nargs="+", metavar="[rollouts] RUN", help="the run's folder")
    report.add_argument("--rows", type=int, default=5, help="with rollouts: of each kind (default 5)")
    report.set_defaults(run=_report)


def _add_dashboard(commands: Any) -> None:
    dashboard = commands.add_parser("dashboard", help="make a W&B workspace of a run, a section a stage")
    dashboard.add_argument("run_folder", metavar="RUN", help="a pipeline's folder, or a recipe's")
    dashboard.add_argument("--entity", help="W&B user or team (default: your own)")
    dashboard.add_argument("--project", help="W&B project (default: WANDB_PROJECT, or posttrain)")
    dashboard.set_defaults(run=_dashboard)


def _doctor(args: argparse.Namespace) -> None:
    from posttrain.doctor import doctor

    passed = doctor(config=args.config, launch=args.launch, model=args.model, data=args.data, rows=args.rows)
    raise SystemExit(0 if passed else 1)


def _chat(args: argparse.Namespace) -> None:
    from posttrain.terminal import chat

    settings = ("endpoint", "backend", "system", "prompt", "greedy", "max_new_tokens")
    chat(args.model, **{name: getattr(args, name) for name in settings})


def _eval(args: argparse.Namespace) -> None:
    from posttrain.eval_command import compare, run

    if args.compare:
        if args.task or args.out or args.model:
            raise UserError("--compare looks at two folders: leave out --model, --task and --out")
        compare(*args.compare)
        return
    missing = [f"--{name}" for name in ("model", "task", "out") if not getattr(args, name)]
    if missing:
        raise UserError(f"eval needs {', '.join(missing)} too (or --compare DIR DIR)")
    settings = ("model", "endpoint", "backend", "data", "limit", "k", "max_new_tokens", "batch_size", "seed")
    options = {name: getattr(args, name) for name in (*settings, "report_to", "overwrite")}
    run(args.task, args.out, **options)


def _data_build(args: argparse.Namespace) -> None:
    from posttrain.data_command import build

    build(args.spec, args.out, tokenizer=args.tokenizer, workers=args.workers)


def _data_show(args: argparse.Namespace) -> None:
    from posttrain.data_command import show

    show(args.spec, rows=args.rows, tokenizer=args.tokenizer)


def _student(args: argparse.Namespace) -> None:
    from posttrain.student_command import run

    settings = ("layers", "keep", "ffn", "dtype", "overwrite")
    run(args.model, args.out, **{name: getattr(args, name) for name in settings})


def _average(args: argparse.Namespace) -> None:
    from posttrain.average_command import run

    settings = ("init", "weight", "eta", "rate", "dtype")
    run(args.how, args.folders, args.out, **{name: getattr(args, name) for name in settings})


def _warm(args: argparse.Namespace) -> None:
    from posttrain.warm_command import run

    run(args.spec, args.out, commands=args.commands)


def _warp(args: argparse.Namespace) -> None:
    from posttrain.warp_command import run

    run(args.spec, args.out, commands=args.commands)


def _run(args: argparse.Namespace) -> None:
    from posttrain.run_command import run

    run(args.pipeline, args.out, dry_run=args.dry_run, submit=args.submit)


def _export(args: argparse.Namespace) -> None:
    from posttrain.export_command import run

    settings = ("dtype", "base", "evaluation", "push")
    run(args.model, args.out, args.format, **{name: getattr(args, name) for name in settings})


def _report(args: argparse.Namespace) -> None:
    from posttrain import report_command, rollouts_command

    match args.words:
        case ["rollouts", run]:
            rollouts_command.report(run, rows=args.rows)
        case [run]:
            report_command.report(run)
        case _:
            raise UserError("report takes one folder: posttrain report RUN, or posttrain report rollouts RUN")


def _dashboard(args: argparse.Namespace) -> None:
    from posttrain.dashboard_command import run

    run(args.run_folder, entity=args.entity, project=args.project)


if __name__ == "__main__":
    main()
