"""What of a test script runs by itself, and what waits for a runner such as pytest or unittest.

    def test_add(): assert add(1, 2) == 3        nothing is tested until somebody calls test_add

A script that only defines its tests would pass for every program. Here the calls that a runner makes are added; a
script in which nothing can be run is refused.
"""

import ast
import builtins

from posttrain.errors import UserError

# What data sets call the file of the program under test: its names are there already.
_PROGRAM = {"solution", "main", "__main__", "program", "candidate", "submission", "your_module"}
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


def split_script(text: str, where: str) -> tuple[str, list[str]]:
    """A script of tests -> (what it does by itself, the calls of the tests that it only defines, in order).

    The first is "" where it does nothing but define what the calls need: see `defines_only`. Text that is no Python is
    left as it is, for the sandbox to say so. Raises UserError, beginning with `where`, for tests with parameters.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return text, []
    body = [part for statement in tree.body for part in _unwrapped(statement)]
    calls = _runner_calls(body, where)
    if calls:
        body = [statement for statement in body if not _starts_runner(statement)]
    if [ast.dump(one) for one in body] != [ast.dump(one) for one in tree.body]:
        text = ast.unparse(ast.Module(body, []))
    return text, calls


def defines_only(text: str) -> bool:
    """Whether a script does nothing but import, define and assign: it tests nothing, and is a set-up."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return all(isinstance(one, (*_DEFINITIONS, ast.Assign, ast.AnnAssign)) or _is_text(one) for one in body)


def names_used(texts: list[str]) -> list[str]:
    """The names that tests read and neither they nor Python define: the program's. None of text that is no Python."""
    read: dict[str, None] = {}
    bound: set[str] = set(vars(builtins)) | {"check", "candidate"}
    for text in texts:
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for node in ast.walk(tree):
            match node:
                case ast.Name(id=name, ctx=ast.Load()):
                    read[name] = None
                case ast.Name(id=name) | ast.arg(arg=name) | ast.ExceptHandler(name=str(name)):
                    bound.add(name)
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                    bound.add(name)
                case ast.alias():
                    bound.add((node.asname or node.name).partition(".")[0])
    return [name for name in read if name not in bound]


def _unwrapped(statement: ast.stmt) -> list[ast.stmt]:
    """Without imports of the program, and with the body of `if __name__ == "__main__":` in its place."""
    if isinstance(statement, ast.ImportFrom) and statement.module in _PROGRAM:
        renamed = [f"{one.asname} = {one.name}" for one in statement.names if one.asname]
        return ast.parse("\n".join(renamed)).body
    if isinstance(statement, ast.If) and ast.unparse(statement.test) == "__name__ == '__main__'":
        return statement.body
    return [statement]


def _runner_calls(body: list[ast.stmt], where: str) -> list[str]:
    called = {ast.unparse(call.func) for one in body if not isinstance(one, _DEFINITIONS) for call in _calls(one)}
    calls: list[str] = []
    for one in body:
        if isinstance(one, ast.FunctionDef) and one.name.startswith("test") and one.name not in called:
            _refuse_parameters(one, 0, where)
            calls.append(f"{one.name}()")
        if isinstance(one, ast.ClassDef) and one.name not in called:
            calls += _class_calls(one, where)
    return calls


def _class_calls(found: ast.ClassDef, where: str) -> list[str]:
    methods = [one for one in found.body if isinstance(one, ast.FunctionDef) and one.name.startswith("test")]
    if any(ast.unparse(base).split(".")[-1].endswith("TestCase") for base in found.bases):
        return [
            f"__import__('unittest').TestSuite([{found.name}({one.name!r})]).debug()" for one in methods
        ]  # with setUp and tearDown; raises what the test raises
    if not found.name.startswith("Test"):
        return []
    for one in methods:
        _refuse_parameters(one, 1, where)
    setup = any(isinstance(one, ast.FunctionDef) and one.name == "setup_method" for one in found.body)
    made = f"_test = {found.name}(); _test.setup_method(); _test" if setup else f"{found.name}()"
    return [f"{made}.{one.name}()" for one in methods]


def _refuse_parameters(function: ast.FunctionDef, given: int, where: str) -> None:
    if len(function.args.posonlyargs + function.args.args) - len(function.args.defaults) > given:
        raise UserError(
            f"{where}: {function.name} takes parameters, which pytest would fill; call it with each case in an assert"
        )


def _starts_runner(statement: ast.stmt) -> bool:
    return any(ast.unparse(call.func) in ("unittest.main", "pytest.main", "main") for call in _calls(statement))


def _calls(statement: ast.stmt) -> list[ast.Call]:
    return [node for node in ast.walk(statement) if isinstance(node, ast.Call)]


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
