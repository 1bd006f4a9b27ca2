"""What the documents quote is in the source, and what they link to is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_lines_that_the_methods_page_quotes_are_in_the_source():
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "methods.md").read_text(), re.S)
    quoted = [line for block in blocks for line in block.splitlines()]
    source = {line for path in (ROOT / "posttrain").rglob("*.py") for line in path.read_text().splitlines()}
    assert len(quoted) > 10 and not [line for line in quoted if line not in source]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_and_headings_that_are_there(page):
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text()):
        name, _, heading = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), target
        if heading:
            titles = re.findall(r"^#+ (.*)$", path.read_text(), re.M)
            assert heading in [re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles], target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_recipes_configs_and_benchmarks_that_are_named_exist(page):
    text = re.sub(r"https?://\S+", "", page.read_text())
    for name in re.findall(r"(?:recipes|accelerate_configs|benchmarks|tests|posttrain|docs)/[\w/]+\.\w+", text):
        assert (ROOT / name).exists() or "X.yaml" in name, name
