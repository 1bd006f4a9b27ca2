"""posttrain run: reading, content addresses, running, kills, failures, Slurm's scripts, and a whole tiny pipeline."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml
from rich.console import Console

from posttrain.cli import main
from posttrain.errors import UserError
from posttrain.pipeline import runner
from posttrain.pipeline.identity import stage_identity
from posttrain.pipeline.plan import Planned, check_run_folder, make_plan, reason, write_plan
from posttrain.pipeline.runner import OWNER, check_devices, locked, run_plan
from posttrain.pipeline.slurm import write_jobs
from posttrain.pipeline.spec import Stage, read_pipeline
from posttrain.report.collect import collect
from tests import tiny
from tests.launch import ENVIRONMENT, ROOT, write_rows

CPU = str(ROOT / "accelerate_configs" / "cpu.yaml")
NODES = {"launch": str(ROOT / "accelerate_configs" / "multi_node_zero3.yaml"), "members": [{"seed": 1}]}
SHIPPED = sorted((ROOT / "recipes" / "pipelines").glob("*.yaml"))


def write(path, stages, **more):
    path.write_text(yaml.safe_dump({"launch": CPU, "stages": stages, **more}, sort_keys=False))
    return path


@pytest.fixture
def graph(tmp_path, tiny_folder):
    """data → sft → (rl after rm, score): plans in a moment, and nobody runs it."""
    rows = write_rows(tmp_path / "rows.jsonl", 12)
    (tmp_path / "reward.py").write_text("def r(completions, **kwargs):\n    return [1.0] * len(completions)\n")
    stages = {
        "data": {"command": "data build", "with": {"spec": str(rows)}},
        "sft": {"recipe": "it_sft", "with": {"model": str(tiny_folder), "train": "$data", "learning_rate": 1e-4}},
        "rm": {"recipe": "it_reward_model", "with": {"model": "$sft", "train": "demo_pairs"}},
        "rl": {
            "recipe": "it_rl",
            "with": {"model": "$sft", "reward": {"a": f"{tmp_path}/reward.py:r", "b": "$rm"}, "num_generations": 4},
        },
        "score": {"command": "eval", "with": {"model": "${rl}", "task": "exact", "data": str(rows)}},
    }
    return write(tmp_path / "pipe.yaml", stages), stages


def keys(path, run):
    return {one.stage.name: one.key for one in make_plan(path, run)}


# ---- reading


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s["data"]["with"].update(spec="$score"), "circle: data → score → rl → sft → data"),
        (lambda s: s["sft"]["with"].update(train="$dta"), r"stage sft: no stage is called 'dta' \(did you mean 'data'"),
        (lambda s: s["sft"].update(recipe="it_sfd"), "unknown recipe 'it_sfd' .did you mean 'it_sft'"),
        (lambda s: s["sft"].update(config="no.yaml"), "stage sft: `config`: no such file: no.yaml"),
        (lambda s: s["sft"].update(launch="no.yaml"), "stage sft: `launch`: no such file: no.yaml"),
        (lambda s: s["sft"]["with"].update(lerning_rate=1), "stage sft: unknown key 'lerning_rate' .did you mean"),
        (lambda s: s["sft"]["with"].update(output_dir="x"), "`output_dir` cannot be set here"),
        (lambda s: s["sft"]["with"].update(train="none.jsonl"), "stage sft: `train`: no such file: none.jsonl"),
        (lambda s: s["sft"]["with"].update(save_total_limit=1), "stage sft: save_total_limit must be 2 or more"),
        (lambda s: s["sft"].update(command="eval"), "give either `recipe` .* or `command`"),
        (lambda s: s["sft"].update(wiht={}), "unknown key 'wiht' .did you mean 'with'"),
        (lambda s: s["data"].update({"with": {}}), "`with` must have `spec`"),
        (lambda s: s["data"].update(config=CPU), "`config` is a recipe's"),
        (lambda s: s["score"]["with"].update(tsk="x"), "stage score: .*unrecognized arguments: --tsk"),
        (lambda s: s["score"].update({"with": [1]}), "`with` must be a mapping"),
        (lambda s: s.update({"a-b": {}}), "a name is letters, digits and underscores"),
        (lambda s: s.update(sft="x"), "stage sft: a stage is a mapping"),
        (lambda s: s["rm"].clear() or s["rm"].update(command="warm", **{"with": {"spec": NODES}}), "on one machine"),
    ],
)
def test_what_is_wrong_is_named_before_anything_starts(graph, tmp_path, change, said):
    path, stages = graph
    change(stages)
    write(path, stages)
    with pytest.raises(UserError, match=said):
        make_plan(path, tmp_path / "run")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a\n", "a pipeline is a mapping, found list"),
        ("stages: {}\n", "`stages` must be a mapping"),
        ("stages: [\n", "not readable as YAML"),
        ("stage: {}\n", "unknown key 'stage' .did you mean 'stages'"),
    ],
)
def test_a_file_that_is_no_pipeline(tmp_path, text, said):
    (tmp_path / "p.yaml").write_text(text)
    with pytest.raises(UserError, match=said):
        read_pipeline(tmp_path / "p.yaml")
    with pytest.raises(UserError, match="could not be read"):
        read_pipeline(tmp_path / "none.yaml")


def test_stages_come_after_what_they_need_and_dollars_can_be_meant(tmp_path):
    stages = {
        "last": {"command": "student", "with": {"model": "$first", "dtype": "$$HOME"}},
        "first": {"command": "student", "with": {"model": "gemma-3-270m"}},
    }
    plan = make_plan(write(tmp_path / "p.yaml", stages), tmp_path / "run")
    assert [one.stage.name for one in plan] == ["first", "last"]
    assert plan[1].command[3:] == [
        "student", "--model", str(plan[0].folder), "--dtype", "$HOME", "--out", str(plan[1].folder), "--overwrite",
    ]  # fmt: skip


def test_a_mixture_in_the_pipeline_counts_its_paths_from_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path / "rows.jsonl", 4)
    spec = {"sources": {"mine": {"from": "rows.jsonl"}, "built": {"from": "own/chat"}}}
    (one,) = make_plan(write(tmp_path / "p.yaml", {"data": {"command": "data build", "with": {"spec": spec}}}),
                       tmp_path / "run")  # fmt: skip
    (told,) = one.told.values()
    sources = yaml.safe_load(told)["sources"]
    assert sources["mine"]["from"] == str(tmp_path / "rows.jsonl") and sources["built"]["from"] == "own/chat"


def test_what_no_launch_config_says_runs_on_one_gpu_where_there_is_one(graph, tmp_path):
    path, stages = graph
    path.write_text(yaml.safe_dump({"stages": stages}))  # no `launch`
    gpus = {one.stage.name: one.gpus for one in make_plan(path, tmp_path / "run")}
    assert gpus == {"data": 0, "sft": None, "rm": None, "rl": None, "score": None}
    assert {one.gpus for one in make_plan(write(path, stages), tmp_path / "run") if one.stage.is_recipe} == {0}


# ---- content addresses


def test_a_change_reruns_its_stage_and_what_follows_and_nothing_else(graph, tmp_path):
    path, stages = graph
    before = keys(path, tmp_path / "run")
    stages["rm"]["with"]["learning_rate"] = 3e-4
    after = keys(write(path, stages), tmp_path / "elsewhere")
    assert {name for name in before if before[name] != after[name]} == {"rm", "rl", "score"}


def test_comments_logging_and_addresses_change_nothing(graph, tmp_path):
    path, stages = graph
    launch = tmp_path / "launch.yaml"
    launch.write_text(Path(CPU).read_text())
    for name in ("sft", "rm", "rl"):
        stages[name]["launch"] = str(launch)
    before = keys(write(path, stages), tmp_path / "run")
    stages["sft"]["with"] |= {"logging_steps": 7, "report_to": "none", "save_steps": 3}
    write(path, stages)
    path.write_text(f"# a comment\n{path.read_text()}")
    launch.write_text(f"# another\n{launch.read_text()}main_process_port: 1234\n")
    code = tmp_path / "reward.py"
    code.write_text(f"# a third\n{code.read_text()}")
    assert keys(path, tmp_path / "run") == before
    code.write_text(code.read_text().replace("1.0", "2.0"))
    launch.write_text(launch.read_text().replace("num_processes: 1", "num_processes: 2"))
    after = keys(path, tmp_path / "run")
    assert {name for name in before if before[name] != after[name]} == {"sft", "rm", "rl", "score"}


def test_data_counts_by_its_contents(graph, tmp_path):
    path, _ = graph
    before = keys(path, tmp_path / "run")
    write_rows(tmp_path / "rows.jsonl", 13)
    assert keys(path, tmp_path / "run")["data"] != before["data"]
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a").write_text("1")
    found = [stage_identity("it_sft", {"train": str(tmp_path / "folder")}, None, {})]
    (tmp_path / "folder" / "a").write_text("2")
    found.append(stage_identity("it_sft", {"train": str(tmp_path / "folder")}, None, {}))
    assert found[0] != found[1]


def test_why_a_stage_is_run_is_said(graph, tmp_path):
    path, stages = graph
    run = tmp_path / "run"
    plan = make_plan(path, run)
    assert {reason(one, {}) for one in plan} == {"new"}
    write_plan(plan, path, run)
    for one in plan:
        one.folder.mkdir()
        one.mark.write_text("{}")
    stages["sft"]["with"]["learning_rate"] = 2e-4
    plan = {one.stage.name: one for one in make_plan(write(path, stages), run)}
    said = {name: reason(one, check_run_folder(run)) for name, one in plan.items()}
    assert said["data"] == "finished" and said["sft"] == "learning_rate 0.0001 → 0.0002"
    assert said["rl"] == "after rm, sft" and said["score"] == "after rl"
    plan["sft"].folder.mkdir()
    assert reason(plan["sft"], {}) == "goes on"


# ---- running: stages of a few lines of Python in place of recipes


def stage(run, name, code, *needs, gpus=None):
    given = Stage(name, "eval" if gpus is None else "it_sft", {}, None, needs, {})
    text = f"import os,sys,time,pathlib\nfolder = pathlib.Path(sys.argv[1]); folder.mkdir(exist_ok=True)\n{code}"
    one = _WithGpus(given, f"{name}0", {}, run)
    one.wanted = gpus
    one.command = [sys.executable, "-c", text, str(one.folder)]
    return one


class _WithGpus(Planned):
    wanted: int | None = None

    @property
    def gpus(self):
        return self.wanted


@pytest.fixture
def run(tmp_path):
    for name in ("logs", "done"):
        (tmp_path / "run" / name).mkdir(parents=True)
    return tmp_path / "run"


def test_stages_run_in_order_once_and_their_names_lead_to_them(run):
    note = "open(folder.parent / 'order', 'a').write(folder.name + ' '); print('said', folder.name)"
    plan = [stage(run, "a", note), stage(run, "b", note, "a"), stage(run, "c", note, "a", "b")]
    for _ in range(2):
        run_plan(plan, run, Console(quiet=True))
    assert (run / "order").read_text() == "a-a0 b-b0 c-c0 "
    assert "said b-b0" in (run / "logs" / "b-b0.log").read_text()
    assert (run / "c").resolve() == run / "c-c0" and json.loads(plan[2].mark.read_text())["seconds"] > 0


def test_branches_run_side_by_side_on_their_own_gpus(run, monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 3)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5,7")  # of a machine that others use too
    code = "(folder / 'seen').write_text(f\"{os.environ['CUDA_VISIBLE_DEVICES']} {time.time()}\"); time.sleep(1)"
    code += "; (folder / 'end').write_text(str(time.time()))"
    plan = [stage(run, "a", code, gpus=2), stage(run, "b", code, gpus=1), stage(run, "c", code, gpus=2)]
    run_plan(plan, run, Console(quiet=True))
    seen = {one.stage.name: (one.folder / "seen").read_text().split() for one in plan}
    devices = {name: set(words[0].split(",")) for name, words in seen.items()}
    assert devices["a"] | devices["b"] == {"4", "5", "7"} and len(devices["c"]) == 2
    assert float(seen["b"][1]) < float((plan[0].folder / "end").read_text()) < float(seen["c"][1])
    with pytest.raises(UserError, match="stage d: .*wants 4 GPUs and there are 3 here"):
        check_devices([stage(run, "d", "", gpus=4)])


def test_a_failure_shows_its_last_words_keeps_the_rest_and_stops(run):
    plan = [
        stage(run, "good", ""),
        stage(run, "bad", "[print(f'line {i}') for i in range(50)]; sys.exit(3)"),
        stage(run, "after", "", "bad"),
    ]
    with pytest.raises(UserError, match=r"stage bad failed \(exit code 3\)") as error:
        run_plan(plan, run, Console(quiet=True))
    said = str(error.value)
    assert "line 49" in said and "line 30" in said and "line 29" not in said and str(plan[1].log) in said
    assert plan[0].finished and not plan[1].finished and not plan[2].folder.exists()
    assert "line 0" in plan[1].log.read_text()


def test_a_stage_that_the_system_kills_is_said_to_be(run):
    plan = [stage(run, "big", "os.kill(os.getpid(), 9)")]
    with pytest.raises(UserError, match=r"stage big failed \(killed by SIGKILL, as the system does where memory"):
        run_plan(plan, run, Console(quiet=True))


def test_a_killed_runner_leaves_nothing_at_work_and_a_second_one_is_refused(run, tmp_path):
    """The stage's own child has a session of its own, as torch's launcher gives it."""
    child = "import subprocess; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'],"
    child += " start_new_session=True); (folder / 'pid').write_text(str(child.pid)); time.sleep(600)"
    script = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from rich.console import Console
from posttrain.pipeline.runner import locked, run_plan
from tests.test_pipeline import stage
run = Path({str(run)!r})
with locked(run):
    run_plan([stage(run, "long", {child!r})], run, Console(quiet=True))
"""
    process = subprocess.Popen([sys.executable, "-c", script], env=os.environ | ENVIRONMENT)
    pid = run / "long-long0" / "pid"
    deadline = time.monotonic() + 90
    while not (pid.exists() and pid.read_text()) and time.monotonic() < deadline:
        time.sleep(0.1)
    grandchild = psutil.Process(int(pid.read_text()))
    with pytest.raises(UserError, match=f"process {process.pid}.* is at work"), locked(run):
        pass
    process.kill()
    process.wait()
    assert grandchild.is_running() and grandchild.environ()[OWNER] == str(run)
    with locked(run):
        assert not psutil.pid_exists(grandchild.pid) or grandchild.status() == psutil.STATUS_ZOMBIE


def test_an_interrupt_ends_what_runs(run, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    plan = [stage(run, "long", "(folder / 'pid').write_text(str(os.getpid())); time.sleep(600)")]

    def look(self):
        if (run / "long-long0" / "pid").exists():
            os.kill(os.getpid(), signal.SIGTERM)
        return None, None

    monkeypatch.setattr(runner.Watch, "look", look)
    monkeypatch.setattr(runner, "LOOK", 0.1)
    with pytest.raises(KeyboardInterrupt):
        run_plan(plan, run, Console(quiet=True))
    pid = int((run / "long-long0" / "pid").read_text())
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert not plan[0].mark.exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"format": 99}', "another version of posttrain .format 99"),
        ("{", "cannot be read"),
        (None, "not a pipeline's"),
    ],
)
def test_a_folder_of_another_kind_is_refused(tmp_path, content, said):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ("pipeline.json" if content else "other")).write_text(content or "")
    with pytest.raises(UserError, match=said):
        check_run_folder(tmp_path / "run")


# ---- Slurm and the shipped pipelines


def test_slurm_jobs_wait_for_each_other_and_skip_what_is_finished(graph, tmp_path):
    path, stages = graph
    stages["sft"] |= {"launch": str(ROOT / "accelerate_configs" / "multi_node_zero3.yaml"), "slurm": {"time": "1:00"}}
    run = tmp_path / "run"
    plan = make_plan(write(path, stages, slurm={"partition": "gpu", "time": "9:00"}), run, elsewhere=True)
    write_plan(plan, path, run)
    plan[0].folder.mkdir()
    plan[0].mark.write_text("{}")
    submit = write_jobs(plan, run)
    assert not (submit.parent / "data.sbatch").exists()
    assert "job_sft=$(sbatch --parsable sft.sbatch)" in submit.read_text()
    assert "job_rl=$(sbatch --parsable --dependency=afterok:$job_sft:$job_rm --kill-on-invalid-dep=yes rl.sbatch)" in (
        submit.read_text()
    )
    script = (submit.parent / "sft.sbatch").read_text()
    for line in ("--nodes=2", "--gpus-per-node=8", "--partition=gpu", "--time=1:00", "--ntasks-per-node=1"):
        assert f"#SBATCH {line}\n" in script
    assert '--machine_rank "$SLURM_NODEID" --main_process_ip "$MASTER"' in script
    for file in submit.parent.iterdir():  # bash can read them
        subprocess.run(["bash", "-n", str(file)], check=True)


def test_a_slurm_job_does_its_stage_and_marks_it(run, tmp_path):
    """With `srun` and `scontrol` that do their part on this machine."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    for name, body in {"srun": 'shift; exec "$@"', "scontrol": "echo localhost"}.items():
        (bin_folder / name).write_text(f"#!/bin/bash\n{body}\n")
        (bin_folder / name).chmod(0o755)
    one = stage(run, "a", "(folder / 'made').write_text('it')", gpus=0)
    submit = write_jobs([one], run)
    environment = os.environ | {"PATH": f"{bin_folder}:{os.environ['PATH']}", "SLURM_JOB_NODELIST": "x"}
    subprocess.run(["bash", str(submit.parent / "a.sbatch")], check=True, env=environment)
    assert (one.folder / "made").exists() and one.finished and (run / "a" / "made").exists()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_shipped_pipelines_can_be_planned(path, tmp_path, monkeypatch, capsys):
    """As from the repository's root, with the files that their headers ask the user for."""
    for folder in ("recipes", "accelerate_configs"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    monkeypatch.chdir(tmp_path)
    for name in ("my_pairs", "my_prompts"):
        Path(f"{name}.jsonl").write_text("{}\n")
    plan = make_plan(path, tmp_path / "run", elsewhere=True)
    assert all(one.command for one in plan)
    if "cpu" in path.stem:
        main(["run", str(path), "--dry-run"])
        said = capsys.readouterr().out
        assert "GiB are needed" in said and "accelerate launch" in said and not Path("runs").exists()
    else:
        with pytest.raises(UserError, match="GPUs|machines"):
            check_devices(plan)


# ---- a whole pipeline


def tiny_pipeline(folder: Path) -> Path:
    """Every stage from data to evaluation on a tiny model, a step or two each."""
    model = tiny.with_sentencepiece(tiny.folder(folder / "tiny"))
    write_rows(folder / "rows.jsonl", 40)
    pairs = [{"prompt": f"say {i}", "chosen": "a" * (i % 5 + 3), "rejected": "b" * (i % 4 + 2)} for i in range(48)]
    prompts = [{"prompt": f"say {i}", "answer": str(i)} for i in range(24)]
    for name, rows in (("pairs", pairs), ("prompts", prompts)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    quick = {"max_steps": 2, "per_device_train_batch_size": 8, "eval_rows": 8, "report_to": "none"}
    replies = {"sample_tokens": 8, "save_steps": 1, "save_dtype": "float32"}
    (folder / "rm.yaml").write_text(yaml.safe_dump(quick | {"method": "lora", "lora_r": 4, "save_strategy": "no"}))
    rl = {"algorithm": "rloo", "num_generations": 4, "max_completion_length": 8, "learning_rate": 1e-2}
    rl |= quick | replies | {"model": "$distill", "train": str(folder / "prompts.jsonl"), "reward": "$rm/warm"}
    score = {"task": "exact", "data": str(folder / "prompts.jsonl"), "limit": 8, "max_new_tokens": 4}
    members = {"config": str(folder / "rm.yaml"), "launch": CPU, "members": [{"seed": 1}, {"seed": 2}]}
    members["all"] = {"model": "$sft", "train": str(folder / "pairs.jsonl")}
    stages = {
        "data": {"command": "data build", "with": {"spec": str(folder / "rows.jsonl"), "workers": 1}},
        "sft": {"recipe": "it_sft", "with": {"model": str(model), "train": "$data", **quick, **replies}},
        "teacher": {"recipe": "it_teacher", "with": {"teacher": "$sft", "train": "$data", "eval_rows": 8, "draws": 16}},
        "distill": {
            "recipe": "it_distill",
            "with": {"model": str(model), "teacher": "$teacher", "train": "$data", **quick, **replies},
        },
        "rm": {"command": "warm", "with": {"spec": members}},
        "rl_1": {"recipe": "it_rl", "with": {**rl, "seed": 1}},
        "rl_2": {"recipe": "it_rl", "with": {**rl, "seed": 2}},
        "merged": {"command": "average", "with": {"how": "slerp", "folders": ["$rl_1", "$rl_2"], "init": "$distill"}},
        "qat": {"recipe": "it_qat", "with": {"model": "$merged", "train": "$data", **quick, **replies}},
        "gguf": {
            "command": "export",
            "with": {"model": "$qat", "format": "gguf", "dtype": "q4_0", "evaluation": ["$score"]},
        },
        "score_sft": {"command": "eval", "with": {**score, "model": "$sft"}},
        "score": {"command": "eval", "with": {**score, "model": "$merged"}},
    }
    return write(folder / "pipe.yaml", stages)


def results(run: Path) -> dict:
    """What must not hang on kills: weights, evaluations, the reward models' figures."""
    digests = {one["folder"]: None for one in json.loads((run / "pipeline.json").read_text())["stages"].values()}
    weights = {name: _digest(run / name / "model.safetensors") for name in digests}
    weights["gguf"] = _digest(run / "gguf" / "model-q4_0.gguf")
    scores = {name: json.loads((run / name / "results.json").read_text()) for name in ("score", "score_sft")}
    for found in scores.values():  # the model's identity is of its folder, and holds
        found["exact"]["run"].pop("model")
    return {"weights": weights, "scores": scores, "warm": json.loads((run / "rm" / "warm.json").read_text())}


def _digest(path: Path) -> str | None:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None


def start(pipeline: Path, run: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "posttrain.cli", "run", str(pipeline), "--out", str(run)]
    return subprocess.Popen(
        command, env=os.environ | ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pipeline")
    pipeline = tiny_pipeline(folder)
    process = start(pipeline, folder / "run")
    said, _ = process.communicate(timeout=900)
    assert process.returncode == 0, said[-4000:]
    return pipeline, folder / "run", said


def test_a_pipeline_from_data_to_evaluation(whole_run, capsys):
    pipeline, run, said = whole_run
    assert "All 12 stages are finished" in said
    for name in ("sft", "distill", "merged"):
        assert (run / name / "model.safetensors").exists()
    assert results(run)["scores"]["score"]["exact"]["metrics"]["rows"] == 8
    (exported,) = collect(run)["exports"]
    assert exported["file"] == "model-q4_0.gguf" and exported["of"] == (run / "qat").readlink().name
    main(["run", str(pipeline), "--out", str(run)])  # nothing is left to do
    said = capsys.readouterr().out
    assert "started" not in said and "All 12 stages are finished" in said


@pytest.mark.slow
def test_kills_at_ten_random_moments_change_no_number(whole_run, tmp_path):
    pipeline, run, _ = whole_run
    draw, again, kills = random.Random(0), tmp_path / "run", 0
    while True:
        process = start(pipeline, again)
        try:
            said, _ = process.communicate(timeout=draw.uniform(10, 35) if kills < 10 else 900)
            assert process.returncode == 0, said[-4000:]
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
    assert kills == 10
    assert results(again) == results(run)
