"""What a build did, for a person to read: report.html (one self-contained file) and report.json.

Everything is read from the build's own folder: manifest.json, the Parquet files, rejected.jsonl and changed.jsonl.
"""

import json
import random
from collections import Counter
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import yaml

from posttrain.data.conversation import Row, replies, texts
from posttrain.data.screen import MALFORMED
from posttrain.language import identify_language

SAMPLES = 3  # of each reason, and of each source's rows
LANGUAGE_SAMPLE = 5000  # rows whose language is looked at
MAX_REPEATS = 4  # times a row may stand in the training split before the report warns (Muennighoff et al., 2305.16264)
MANY_TURNS = 10
DROPPED_ALARM = 0.5  # share of a source that filters drop
EDGES = [0, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 1 << 40]  # tokens


def write_report(out: Path) -> dict[str, Any]:
    """Write report.json and report.html into a built folder, and return what report.json holds."""
    report = collect(out)
    (out / "report.json").write_text(json.dumps(report, indent=2, ensure_ascii=False), encoding="utf-8")
    (out / "report.html").write_text(render(report), encoding="utf-8")
    return report


def collect(out: Path) -> dict[str, Any]:
    """All figures and samples of the report, as plain values."""
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    statistics = _Statistics(seed=manifest["spec"]["seed"])
    for split in manifest["rows"]:
        for row in _rows(out, split):
            statistics.add(row, split)
    filters = _filters(out, manifest)
    return {
        "fingerprint": manifest["fingerprint"],
        "kind": manifest["spec"]["kind"],
        "rows": manifest["rows"],
        "sources": _sources(manifest, statistics),
        "lengths": statistics.lengths(),
        "turns": dict(sorted(statistics.turns.items(), key=lambda item: int(item[0].split()[0]))),
        "languages": statistics.languages(),
        "filters": filters,
        "contamination": manifest["contamination"],
        "samples": {name: kept.items for name, kept in statistics.samples.items()},
        "warnings": _warnings(manifest),
        "seconds": manifest["seconds"],
        "spec": manifest["spec"],
    }


def render(report: dict[str, Any]) -> str:
    """The report as one HTML page; every text from the data is escaped."""
    from jinja2 import Environment

    template, style = (
        resources.files("posttrain.data").joinpath(f"report.{kind}").read_text(encoding="utf-8")
        for kind in ("html.jinja", "css")
    )
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"count": "{:,}".format, "percent": _percent}
    spec = yaml.safe_dump(_without_defaults(report["spec"]), sort_keys=False, allow_unicode=True)
    return environment.from_string(template).render(report | {"spec_yaml": spec, "style": style})


class _Sample:
    """Up to `size` items of a stream, each as likely as the others (reservoir sampling)."""

    def __init__(self, size: int, seed: Any):
        self.size, self.seen, self.random = size, 0, random.Random(str(seed))
        self.items: list[Any] = []

    def add(self, item: Any) -> None:
        self.seen += 1
        if len(self.items) < self.size:
            self.items.append(item)
        elif (place := self.random.randrange(self.seen)) < self.size:
            self.items[place] = item


class _Statistics:
    """Lengths, turns, languages and samples of the rows that were written."""

    def __init__(self, seed: int):
        self.counts: dict[str, Counter] = {"tokens": Counter(), "reply_tokens": Counter()}
        self.turns: Counter[str] = Counter()
        self.columns: dict[str, list[int]] = {"tokens": [], "reply_tokens": []}
        self.texts = _Sample(LANGUAGE_SAMPLE, f"{seed}/languages")
        self.samples: dict[str, _Sample] = {}
        self.seed = seed

    def add(self, row: Row, split: str) -> None:
        for column, values in self.columns.items():
            if row.get(column) is not None:
                values.append(row[column])
                self.counts[column][row["source"]] += row[column] if split == "train" else 0
        turns = sum(role != "system" for role, _ in texts(row))
        self.turns[str(turns) if turns < MANY_TURNS else f"{MANY_TURNS} and more"] += 1
        self.texts.add("\n".join(replies(row)) or "\n".join(text for _, text in texts(row)))
        sample = self.samples.setdefault(row["source"], _Sample(SAMPLES, f"{self.seed}/{row['source']}"))
        sample.add({"id": row["id"], "text": _shown(row)})

    def lengths(self) -> dict[str, Any]:
        """{column: {bins, total, percentiles}}; empty where the build counted no tokens."""
        found = {}
        for column, values in self.columns.items():
            if values:
                array = np.array(values)
                marks = {f"p{p}": int(np.percentile(array, p)) for p in (5, 50, 95, 99)}
                counts = np.histogram(array, EDGES)[0].tolist()
                last = max(i for i, count in enumerate(counts) if count) + 1
                bins = [{"from": EDGES[i], "to": EDGES[i + 1] - 1, "rows": counts[i]} for i in range(last)]
                found[column] = {"bins": bins, "total": int(array.sum()), "max": int(array.max())} | marks
        return found

    def languages(self) -> dict[str, Any]:
        """Languages of a sample's replies; `unknown`: too little natural language to tell."""
        try:
            verdicts = [identify_language(text) for text in self.texts.items]
        except ImportError:
            return {}
        counts = Counter(verdict[0] if verdict else "unknown" for verdict in verdicts)
        return {"sampled": len(self.texts.items), "rows": dict(counts.most_common())}


def _sources(manifest: dict[str, Any], statistics: _Statistics) -> list[dict[str, Any]]:
    rows = []
    for name, source in manifest["sources"].items():
        figures = {
            "name": name,
            "from": manifest["spec"]["sources"][name]["origin"],
            "formats": source["formats"],
            "read": source["read"],
            "kept": source["kept"],
            "dropped": source["read"] - source["kept"],
            "changed": sum(source["changed"].values()),
            "train": source["train"],
            "test": source["test"],
            "times": source["train"] / source["available"] if source["available"] else 0.0,
            "share": source["train"] / max(manifest["rows"].get("train", 0), 1),
        }
        for column, counts in statistics.counts.items():
            total = sum(counts.values())
            figures[column] = counts[name]
            figures[f"{column}_share"] = counts[name] / total if total else None
        rows.append(figures)
    return rows


def _filters(out: Path, manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """Per filter: rows seen, dropped and changed, its time, and its reasons with samples before and after."""
    samples = _samples(out, manifest["spec"]["seed"])
    names: dict[str, None] = {}
    for source in manifest["sources"].values():
        names |= dict.fromkeys(["read", MALFORMED, *source["seconds"]])
        names |= {key.partition("/")[0]: None for key in (*source["dropped"], *source["changed"])}
    found = []
    for name in names:
        reasons: dict[str, dict[str, Any]] = {}
        seconds, seen = 0.0, 0
        for source_name, source in manifest["sources"].items():
            seconds += source["seconds"].get(name, 0.0)
            seen += source["seen"].get(
                name, source["read"] if name in ("read", "tokenise", MALFORMED, "samples") else 0
            )
            for action in ("dropped", "changed"):
                for key, count in source[action].items():
                    filter_name, _, reason = key.partition("/")
                    if filter_name == name:
                        entry = reasons.setdefault(reason, {"dropped": 0, "changed": 0, "sources": {}})
                        entry[action] += count
                        entry["sources"][source_name] = entry["sources"].get(source_name, 0) + count
                        entry["samples"] = samples.get((name, reason), [])
        dropped, changed = (sum(entry[action] for entry in reasons.values()) for action in ("dropped", "changed"))
        ordered = dict(sorted(reasons.items(), key=lambda item: -item[1]["dropped"] - item[1]["changed"]))
        figures = {"dropped": dropped, "changed": changed, "seen": seen, "rate": (dropped + changed) / max(seen, 1)}
        found.append({"name": name, **figures, "microseconds": 1e6 * seconds / max(seen, 1), "reasons": ordered})
    return found


def _samples(out: Path, seed: int) -> dict[tuple[str, str], list[dict[str, Any]]]:
    found: dict[tuple[str, str], _Sample] = {}
    for file in ("rejected.jsonl", "changed.jsonl"):
        with open(out / file, encoding="utf-8") as lines:
            for line in lines:
                one = json.loads(line)
                key = (one["filter"], one["reason"])
                sample = found.setdefault(key, _Sample(SAMPLES, f"{seed}/{key}"))
                sample.add(one)
    return {key: [_shown_finding(one) for one in sample.items] for key, sample in found.items()}


def _shown_finding(finding: dict[str, Any]) -> dict[str, Any]:
    # The filter's own excerpt stars out what it found; the row before it would only show the mask once more.
    own = finding["filter"] == "personal_information"
    return {
        "where": finding["where"],
        "excerpt": finding["excerpt"] if own else _masked(finding["excerpt"]),
        "before": None if own else _shown(finding["before"]),
        "after": _shown(finding["after"]) if finding["after"] else None,
    }


def _shown(row: Any, length: int = 700) -> str:
    """The row's conversation as text, shortened."""
    if isinstance(row, dict) and "where" in row:  # read; what could not be is as its file has it
        text = "\n".join(f"{role}: {content}" for role, content in texts(row))
    else:
        text = row if isinstance(row, str) else json.dumps(row, ensure_ascii=False)
    text = _masked(text.encode(errors="replace").decode())  # halves of characters
    return text if len(text) <= length else f"{text[:length]} … ({len(text) - length:,} more characters)"


def _masked(text: str) -> str:
    """The text without personal information: a report is passed around, whatever the mixture's filters were."""
    try:
        from posttrain.data.filters.personal import find_personal, mask

        return mask(text, find_personal(text))
    except ImportError:  # the data extra is not installed
        return text


def _warnings(manifest: dict[str, Any]) -> list[str]:
    found = []
    for one in manifest["contamination"]:
        if one["alarm"]:
            share = f"{one['overlapping']} of {one['items']} items ({_percent(one['share'])})"
            found.append(f"Contaminated with {one['set']}: {share} stood in the sources. The rows were dropped.")
    for name, source in manifest["sources"].items():
        lost = source["read"] - source["kept"]
        if lost > DROPPED_ALARM * source["read"]:
            found.append(f"{name}: filters dropped {lost:,} of {source['read']:,} rows.")
        malformed = sum(n for key, n in source["dropped"].items() if key.startswith(f"{MALFORMED}/"))
        if malformed:
            found.append(f"{name}: {malformed:,} rows could not be read; they are in rejected.jsonl.")
        if source["train"] > MAX_REPEATS * source["available"]:
            times = source["train"] / source["available"]
            found.append(f"{name}: every row stands {times:.1f} times in the training split.")
        if source["held_elsewhere"]:
            left = f"{source['held_elsewhere']:,} rows are not trained on"
            found.append(f"{name}: {left}, since their prompts are in the test split.")
    return found


def _rows(out: Path, split: str) -> Iterator[Row]:
    for path in sorted(out.glob(f"{split}-*.parquet")):
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=1000):
                yield from batch.to_pylist()


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _without_defaults(spec: dict[str, Any]) -> dict[str, Any]:
    """The spec as one would write it: `from` for origin, nothing that is empty."""

    def filled(values: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in values.items() if value not in (None, [], {})}

    sources = {}
    for name, source in spec["sources"].items():
        sources[name] = {"from": source["origin"]} | filled({k: v for k, v in source.items() if k != "origin"})
    return filled({key: value for key, value in spec.items() if key != "sources"}) | {"sources": sources}
