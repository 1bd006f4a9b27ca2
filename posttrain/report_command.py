"""`posttrain report RUN`: everything that a run has left behind, as one page that needs nothing else."""

from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment
from rich.console import Console

from posttrain.report.charts import graph, line_chart, scatter_chart
from posttrain.report.collect import collect
from posttrain.terminal import printable
from posttrain.tracking import write_whole

PAGE = "report.html"


def report(folder: str) -> None:
    """Write RUN/report.html and say where it is. Raises UserError for a folder that is no run."""
    run = Path(folder).expanduser()
    write_whole(run / PAGE, render(collect(run)))
    Console().print(f"The report is in {run / PAGE}: open it in a browser.", markup=False, soft_wrap=True)


def render(found: dict[str, Any]) -> str:
    """The page of what `collect` has found; every text of a model or of the data is escaped."""
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {
        "count": lambda n: "" if n is None else f"{n:,.0f}",
        "time": lambda s: "" if s is None else str(timedelta(seconds=round(s))),
        "bytes": lambda n: "" if n is None else f"{n / 1e9:.2f} GB",
        "giga": lambda n: "" if n is None else f"{n / 1e9:,.3g}",
        "short": lambda text, size: text if len(text) <= size else f"{text[:size]}…",
        "visible": printable,
    }
    pages = resources.files("posttrain.report")
    style = resources.files("posttrain.data").joinpath("report.css").read_text(encoding="utf-8")
    style += pages.joinpath("page.css").read_text(encoding="utf-8")
    template = environment.from_string(pages.joinpath("page.html.jinja").read_text(encoding="utf-8"))
    stages = found["stages"]
    times = [cost["seconds"] for cost in found["costs"] if cost["seconds"] is not None]
    return template.render(
        found
        | {
            "style": style,
            "finished": sum(stage.state == "finished" for stage in stages),
            "seconds": sum(times) if times else None,
            "graph": graph(
                {stage.name: stage.needs for stage in stages},
                {stage.name: stage.action for stage in stages},
                {stage.name: stage.state for stage in stages},
            ),
            "curves": {
                stage: [chart | {"svg": line_chart(chart["lines"]), "names": list(chart["lines"])} for chart in charts]
                for stage, charts in found["curves"].items()
            },
            "fronts": {stage: {"points": points, "chart": _front(points)} for stage, points in found["fronts"].items()},
        }
    )


def _front(points: dict[str, dict[str, float]]) -> str:
    """WARP's models between drift and reward; the start and the shares of the merge are one line."""
    placed = {n: (p["kl"], p["reward"], p["reward_low"], p["reward_high"]) for n, p in points.items() if "reward" in p}
    path = sorted((name for name in placed if not name.startswith("member")), key=lambda name: placed[name][0])
    return scatter_chart(placed, "KL", "reward", path)
