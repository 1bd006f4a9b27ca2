"""What mathematical answers are, and when two are equal; `posttrain.reward.math` scores with it.

extraction.py (endings, asides, number_words) finds the answer in a reply, notation.py brings it to one spelling,
reading.py (numerals, quantities, intervals, moments, names, units) says what it is, in the terms of answers.py, and
equality.py (expressions, values, identity) compares: in this process, or by worker.py with a deadline (workers.py).
"""
