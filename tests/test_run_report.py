"""posttrain report: one page from a run's folder alone, whatever the texts in it, and looked at in a browser."""

import html
import json
import math
import re
import shutil
import subprocess

import pytest

from posttrain.cli import main
from posttrain.dashboard_command import X, build
from posttrain.errors import UserError
from posttrain.report.charts import _ticks, line_chart
from posttrain.report.collect import collect, read_stages
from posttrain.report_command import render
from posttrain.rollouts import RolloutLog
from posttrain.tracking import IDENTITY
from tests.test_members import rollout

HOSTILE = "<script>document.title='owned'</script><img src=https://example.com/x.png onerror=alert(1)>\x1b[2J"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def lines(path, records):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def evaluation(folder, right):
    records = [
        {
            "index": i,
            "id": str(i),
            "prompt": [{"role": "user", "content": f"question {i} {HOSTILE}"}],
            "replies": [{"text": f"{folder.name} says {value}", "tokens": 4, "stopped": True, "correct": value}],
        }
        for i, value in enumerate(right)
    ]
    lines(folder / "gsm8k.jsonl", records)
    share = sum(right) / len(right)
    metrics = {"rows": len(right), "accuracy": share, "accuracy_low": share - 0.1, "accuracy_high": share + 0.1}
    metrics |= {"stop_rate": 1.0, "reply_tokens": 4.0}
    (folder / "results.json").write_text(json.dumps({"gsm8k": {"metrics": metrics, "run": {}}}))


def train(folder, steps, **logged):
    records = [{"step": s, "seconds": s, **{k: f(s) for k, f in logged.items()}} for s in range(1, steps + 1)]
    records += [{"step": 0, "eval_loss": 3.0}, {"step": steps, "eval_loss": 2.0, "num_tokens": 4000.0}]
    lines(folder / "log.jsonl", sorted(records, key=lambda record: record["step"]))
    stage = {"stage": "sft", "wall_seconds": 75.0, "peak_memory_bytes": {"host": 3.2e9}}
    stage["metrics"] = {"train": {"train_runtime": 50.0, "total_flos": 1e12}}
    (folder / "stage.json").write_text(json.dumps(stage))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A pipeline's folder as its stages leave it, one of them not begun."""
    run = tmp_path_factory.mktemp("report") / "run"
    train(run / "sft-1", 40, loss=lambda s: 3 - s / 40, grad_norm=lambda s: math.nan if s == 3 else 1 + s % 5)
    samples = [{"step": s, "prompt": f"say {HOSTILE}", "reply": f"at {s}", "answer": "7"} for s in (0, 40)]
    lines(run / "sft-1" / "samples.jsonl", samples)
    for member in (1, 2):
        logged = {"reward": lambda s: s / 20, "kl": lambda s: s / 100, "completions/mean_length": lambda s: 9 + s % 3}
        logged |= {"rewards/exact/mean": lambda s: s / 30, "frac_reward_zero_std": lambda s: 0.1}
        train(run / "rl-2" / f"member-{member}", 400, **logged)
    log = RolloutLog(run / "rl-2" / "member-1")
    for step in (0, 1):
        rows = [rollout(step, f"p{i}", (7 - i if step else i) / 8, i / 8, HOSTILE) for i in range(8)]
        for row in rows:
            row["prompt"] = json.dumps(row["prompt"])
        log.add(step, 0, [{key: value for key, value in row.items() if key != "step"} for row in rows])
    point = {"reward": 0.5, "reward_low": 0.4, "reward_high": 0.6, "kl": 0.2, "kl_low": 0.1, "kl_high": 0.3}
    points = {
        name: point | {"reply_tokens": 5.0, "kl": k} for name, k in (("start", 0), ("member 1", 0.4), ("eta 1", 0.3))
    }
    (run / "rl-2" / "warp.json").write_text(json.dumps(points))
    pairs = {"accuracy": 0.7, "accuracy_low": 0.6, "accuracy_high": 0.8, "loss": 0.6, "calibration_error": 0.1}
    pairs |= {"length_correlation": 0.2}
    (run / "rm-3").mkdir()
    difference = {"difference": 0.02, "low": -0.01, "high": 0.05, "p": 0.3}
    warm = {"member-1": pairs, "warm": pairs, "warm_less_members": difference}
    (run / "rm-3" / "warm.json").write_text(json.dumps(warm))
    for name, right in (("base-4", [0, 0, 1, 0] * 5), ("score-5", [1, 0, 1, 1] * 5)):
        (run / name).mkdir()
        evaluation(run / name, right)
    needs = {"sft": [], "rm": ["sft"], "rl": ["sft", "rm"], "base": [], "score": ["rl"], "later": ["score"]}
    folders = dict(zip(needs, ("sft-1", "rm-3", "rl-2", "base-4", "score-5", "later-6"), strict=True))
    stages = {
        name: {"key": "1", "folder": folders[name], "action": "it_sft", "needs": some, "command": HOSTILE}
        for name, some in needs.items()
    }
    (run / "pipeline.json").write_text(json.dumps({"format": 1, "stages": stages}))
    (run / "done").mkdir()
    for name in ("sft-1", "rm-3", "base-4", "score-5"):
        (run / "done" / f"{name}.json").write_text('{"seconds": 90}')
    return run


@pytest.fixture(scope="module")
def page(run):
    main(["report", str(run)])
    return (run / "report.html").read_text()


def test_everything_that_the_run_has_is_on_the_page(page):
    titles = re.findall(r"<h2>(.*?)</h2>", page)
    assert titles == [
        "Stages", "Evaluations", "rm: reward models and their mean", "rl: reward against drift", "sft: curves",
        "rl: curves", "The same prompts, stage by stage", "rl: member-1: replies worth reading",
    ]  # fmt: skip
    for chart in ("loss", "gradient norm", "reward by component", "KL", "reply length", "groups without a difference"):
        assert f"<h3>{chart}" in page
    assert "4 of 6 stages finished" in page and "not begun" in page
    assert "3.20 GB" in page and "GFLOP/s" in page and "20" in page  # 1e12 / 50 s
    assert "before sft" in page and "at 40" in page and "base-4 says 0" in page


def test_figures_are_those_of_the_run(run):
    found = collect(run)
    (one,) = found["comparisons"]
    assert (one["against"], one["stage"], one["task"]) == ("base", "score", "gsm8k")
    assert one["difference"] == pytest.approx(0.5) and one["low"] < 0.5 < one["high"]
    costs = {cost["stage"]: cost for cost in found["costs"]}
    assert costs["sft"] == {
        "stage": "sft", "seconds": 90, "steps": 40, "tokens": 4000.0, "memory": 3.2e9, "flops": 2e10
    }  # fmt: skip
    assert costs["rl"]["steps"] == 800 and costs["rl"]["flops"] == 2e10
    loss = next(chart for chart in found["curves"]["sft"] if chart["title"] == "loss")
    assert loss["lines"]["held-out loss"] == [(0, 3.0), (40, 2.0)] and loss["lines"]["loss"][0] == (1, 3 - 1 / 40)
    changes = found["rollouts"]["rl: member-1"]
    assert changes["improved"][0][0] > 0 > changes["regressed"][0][0] and changes["suspicious"]


def test_no_text_of_a_model_becomes_markup_and_nothing_is_fetched(page):
    assert "<script" not in page and "<img" not in page and "\x1b" not in page
    assert "&lt;script&gt;" in page
    assert "default-src 'none'" in page and not re.search(r"<[^>]*(src|href)=|url\(|@import", page)


def test_a_single_recipe_and_an_evaluation_are_runs_too(run, tmp_path, capsys):
    shutil.copytree(run / "sft-1", tmp_path / "demo")
    main(["report", str(tmp_path / "demo")])
    assert "1 of 1 stages finished" in (tmp_path / "demo" / "report.html").read_text()
    assert "<h2>Evaluations</h2>" in render(collect(run / "score-5"))
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "none"):
        with pytest.raises(SystemExit):
            main(["report", str(folder)])
    said = capsys.readouterr().err
    assert "neither a pipeline's run" in said and "no such folder" in said
    with pytest.raises(SystemExit):
        main(["report", "a", "b"])
    assert "report takes one folder" in capsys.readouterr().err


def test_a_run_that_has_just_begun_has_a_page(tmp_path):
    stages = {"sft": {"key": "1", "folder": "sft-1", "action": "it_sft", "needs": [], "command": ""}}
    (tmp_path / "pipeline.json").write_text(json.dumps({"format": 1, "stages": stages}))
    assert "0 of 1 stages finished" in render(collect(tmp_path))
    (tmp_path / "sft-1").mkdir()
    (tmp_path / "sft-1" / "log.jsonl").write_text('{"step": 1, "loss": 2.0}\n{"step": 2, "lo')  # cut by a kill
    assert "begun" in render(collect(tmp_path))


@pytest.mark.parametrize(("low", "high"), [(0, 1), (2.3, 2.31), (-5, 1e6), (3, 3), (0, 0), (1e-9, 3e-9)])
def test_ticks_are_round_and_span_the_values(low, high):
    ticks = _ticks(low, high)
    assert 2 <= len(ticks) <= 8 and ticks[0] <= low and ticks[-1] >= high
    assert all(b > a for a, b in zip(ticks, ticks[1:], strict=False))


def test_long_lines_are_thinned_to_means_and_what_is_not_finite_is_left_out():
    chart = str(line_chart({"a": [(i, float(i)) for i in range(10_000)], "b": [(0, math.inf), (1, math.nan)]}))
    (points,) = re.findall(r'points="([^"]*)"', chart)
    assert 250 < len(points.split()) <= 300


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
@pytest.mark.parametrize("width", [400, 1200])
def test_in_a_browser_every_chart_is_there_and_nothing_overflows(page, tmp_path, width):
    """The page as it is in a frame of that width, measured from outside; the console stays silent."""
    measure = """<script>addEventListener("load", () => {
      const page = document.querySelector("iframe").contentDocument;
      const box = plot => (r => [Math.round(r.width), Math.round(r.height)])(plot.getBoundingClientRect());
      document.title = JSON.stringify({wide: page.documentElement.scrollWidth, title: page.title,
        plots: [...page.querySelectorAll("svg")].map(box), drawn: page.querySelectorAll("polyline").length }) })
    </script>"""
    frame = f'<iframe width="{width}" height="900" frameborder="0" srcdoc="{html.escape(page)}"></iframe>'
    (tmp_path / "frame.html").write_text(f"<!doctype html><title>x</title>{frame}{measure}")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
    command += [f"--user-data-dir={tmp_path}/profile", "--virtual-time-budget=3000"]
    done = subprocess.run(
        [*command, "--dump-dom", f"file://{tmp_path}/frame.html"], capture_output=True, text=True, timeout=120
    )
    found = json.loads(html.unescape(re.search(r"<title>(.*?)</title>", done.stdout)[1]))
    assert found["title"] == "run: report of a run"
    assert not [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert found["wide"] <= width
    assert len(found["plots"]) == page.count("<svg") and all(w > 100 and h > 60 for w, h in found["plots"])
    assert found["drawn"] == page.count("<polyline") > 10


def test_the_dashboard_has_a_section_a_stage_with_the_names_that_are_logged(run, monkeypatch, tmp_path, capsys):
    stages = read_stages(run)
    (run / "sft-1" / IDENTITY).write_text('{"stage": "sft"}')
    workspace = build("270m", stages, "me", "posttrain")
    sections = {section.name: section.panels for section in workspace.sections}
    assert list(sections) == ["sft", "rl"]
    assert sections["sft"][0].y == ["sft/eval/loss", "sft/loss"] and sections["sft"][0].x == X
    assert workspace.runset_settings.filters == "Metric(\"Group\") == '270m'"
    assert "270m" in json.dumps(workspace._to_model().model_dump(), default=str)
    with pytest.raises(UserError, match="no stage has logged anything"):
        build("empty", read_stages(run / "score-5"), "me", "posttrain")
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    with pytest.raises(SystemExit):
        main(["dashboard", str(run)])
    assert "nobody is logged in: `wandb login`, then upload" in capsys.readouterr().err
