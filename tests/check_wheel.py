"""Look into a built wheel: recipes, YAML and demo rows are under posttrain/, and nothing is beside it."""

import sys
import zipfile

names = zipfile.ZipFile(sys.argv[1]).namelist()
tops = {name.split("/")[0] for name in names}
assert tops == {"posttrain", next(top for top in tops if top.endswith(".dist-info"))}, tops
for needed in (
    "posttrain/data/demo_chat.jsonl",
    "posttrain/data/mixture.py",
    "posttrain/data/report.html.jinja",
    "posttrain/data/subsets/refusals.en.yaml",
    "posttrain/recipes/mixtures/own.yaml",
    "posttrain/recipes/members/warm_270m_cpu.yaml",
    "posttrain/recipes/it_sft.py",
    "posttrain/recipes/configs/demo_270m_cpu.yaml",
    "posttrain/accelerate_configs/zero3.yaml",
    "posttrain/reward/__init__.py",
    "posttrain/py.typed",
):
    assert needed in names, f"{needed} is not in the wheel"
print(f"{sys.argv[1]}: {len(names)} files, {needed!r} and the others are in it")
