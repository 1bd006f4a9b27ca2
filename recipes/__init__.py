"""The recipes, one story each: `accelerate launch recipes/it_sft.py --config recipes/configs/X.yaml`."""
