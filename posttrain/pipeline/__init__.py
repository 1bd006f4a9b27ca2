"""Stages as a graph: read (`spec`), addressed by their content (`plan`), run on this machine (`runner`) or by Slurm."""
