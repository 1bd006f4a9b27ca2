"""Whether two quantities are equal: the numbers, and what stands beside them."""

from posttrain.reward.mathematics import units as math_units
from posttrain.reward.mathematics.answers import Quantity
from posttrain.reward.mathematics.expressions import Tree, symbols
from posttrain.reward.mathematics.identity import same_tree
from posttrain.reward.mathematics.values import Undefined, exact
from posttrain.reward.mathematics.verdicts import Verdict

_VARIABLES = frozenset({"x", "t", "u", "y", "z", "theta"})


def same_quantity(gold: Quantity, answer: Quantity) -> Verdict:
    """Whether two numbers or expressions are equal, in units that agree, percent as MATH's own rule has it."""
    factor = math_units.agree(gold.unit, answer.unit)
    if factor is None:
        return False
    tree = (
        answer.tree
        if factor == 1
        else ("mul", ("div", ("num", str(factor.numerator)), ("num", str(factor.denominator))), answer.tree)
    )
    if gold.percent == answer.percent:
        return same_tree(gold.tree, _with_constant_of(gold.tree, tree))
    if gold.unit or answer.unit:  # 17% is not 17 degrees
        return False
    hundredth: Tree = ("num", "100")
    as_fraction = (
        same_tree(("div", gold.tree, hundredth), tree)
        if gold.percent
        else same_tree(gold.tree, ("div", tree, hundredth))
    )
    if as_fraction is not False:
        return as_fraction
    return same_tree(gold.tree, tree) if _above_one(gold.tree) else False


def _with_constant_of(gold: Tree, answer: Tree) -> Tree:
    """An antiderivative's `+ C`, spelt as the gold spells it (`+ c`): a term of its own beside one variable."""
    theirs, ours = symbols(gold), symbols(answer)
    if (
        {theirs - ours, ours - theirs} != {frozenset("C"), frozenset("c")}
        or len(theirs) != 2
        or not theirs & _VARIABLES
    ):
        return answer
    (old,), (new,) = ours - theirs, theirs - ours
    if any(tree[0] != "add" or tree.count(("sym", name)) != 1 for tree, name in ((gold, new), (answer, old))):
        return answer
    return tuple(("sym", new) if term == ("sym", old) else term for term in answer)


def _above_one(tree: Tree) -> bool:
    try:
        value = exact(tree)
    except Undefined:
        return False
    return value is not None and abs(value) > 1
