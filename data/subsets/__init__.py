"""Our own training subsets, made by code from a seed: what the Gemma reports call for and no public set has clean.

Every builder is `build(count, seed) -> list[Row]` with distinct rows; the mixture knows them as `own/NAME`.
"""
