"""The data report: figures that add up, samples before and after, warnings, and a page that takes hostile text."""

import html
import json
import re

import pytest

from posttrain.data.build import build_mixture
from posttrain.data.report import collect, render, write_report
from posttrain.data.spec import read_spec

HOSTILE = "</pre><script>alert(1)</script>"


@pytest.fixture(scope="module")
def built(tmp_path_factory, tiny_folder):
    pytest.importorskip("phonenumbers")
    folder = tmp_path_factory.mktemp("report")
    long = (
        "Where does the river that runs through the old town of Lindby begin, and how far is it from there to the sea?"
    )
    rows = [{"prompt": f"{HOSTILE} {i}?", "completion": f"It is number {i}, and not {i + 1}."} for i in range(30)]
    rows += [{"prompt": "Who wrote it?", "completion": "Write to jane.roe@northwind.net, she did."}] * 2
    rows += [{"prompt": long, "completion": "In the hills."}]
    (folder / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + "{broken\n")
    turns = [("system", "s"), ("user", "one"), ("assistant", "x"), ("user", "another"), ("assistant", "y")]
    messages = [{"role": role, "content": content} for role, content in turns]
    (folder / "b.jsonl").write_text(json.dumps({"messages": messages}))
    (folder / "test.jsonl").write_text(json.dumps({"prompt": long}))
    spec = {
        "sources": {
            "a": {"from": str(folder / "a.jsonl"), "test": 0.2},
            "b": {"from": str(folder / "b.jsonl"), "count": 9},
        },
        "filters": ["personal_information", {"contamination": {"against": [str(folder / "test.jsonl")]}}, "duplicates"],
        "on_bad_row": "skip",
        "tokenizer": str(tiny_folder),
    }
    build_mixture(read_spec(spec), folder / "out")
    return folder / "out"


@pytest.fixture(scope="module")
def report(built):
    return write_report(built)


def test_the_figures_add_up(built, report):
    a, b = report["sources"]
    assert (a["read"], a["dropped"], a["changed"]) == (34, 3, 2)  # unreadable, contaminated, the second mail address
    assert a["train"] + a["test"] == 31 and a["read"] - a["dropped"] == 31
    assert (b["train"], b["times"]) == (9, 9.0)
    assert report["rows"] == {"train": a["train"] + 9, "test": a["test"]}
    assert sum(source["share"] for source in report["sources"]) == pytest.approx(1)
    assert report["turns"] == {"2": 31, "4": 9}
    assert sum(one["rows"] for one in report["lengths"]["tokens"]["bins"]) == 40
    assert report["lengths"]["reply_tokens"]["total"] < report["lengths"]["tokens"]["total"]
    assert json.loads((built / "report.json").read_text())["fingerprint"] == report["fingerprint"]


def test_every_filter_is_counted_with_samples(report):
    filters = {entry["name"]: entry for entry in report["filters"]}
    assert list(filters)[:2] == ["read", "malformed"]
    assert filters["malformed"]["reasons"]["malformed"]["samples"][0]["before"] == "{broken\n"
    mail = filters["personal_information"]["reasons"]["email"]
    assert mail["changed"] == 2 and mail["samples"][0]["before"] is None  # the report must not spread what was masked
    assert "[EMAIL]" in mail["samples"][0]["after"] and "jane.roe" not in json.dumps(report)
    (duplicate,) = filters["duplicates"]["reasons"].values()
    assert duplicate["dropped"] == 1 and duplicate["sources"] == {"a": 1}


def test_contamination_is_counted_and_raises_the_alarm(report):
    (one,) = report["contamination"]
    assert (one["items"], one["overlapping"], one["share"], one["alarm"]) == (1, 1, 1.0, True)
    assert any(warning.startswith("Contaminated with ") for warning in report["warnings"])
    assert any(warning.startswith("b: every row stands 9.0 times") for warning in report["warnings"])
    assert any(warning == "a: 1 rows could not be read; they are in rejected.jsonl." for warning in report["warnings"])


def test_the_page_is_one_file_and_escapes_what_the_data_says(built, report):
    page = (built / "report.html").read_text()
    assert "<script" not in page and html.escape(HOSTILE) in page
    assert not re.search(r"""(src|href)=|url\(|@import""", page)  # nothing is fetched
    for text in ("a.jsonl", "personal_information", report["fingerprint"][:16], "prefers-color-scheme: dark"):
        assert text in page


def test_the_report_is_the_same_every_time(built, report):
    assert collect(built) == report and render(report) == (built / "report.html").read_text()
