"""Source text as a module, inside a job: compiled, run by Python's own import machinery, and its errors in words."""

import ast
import builtins
import importlib.machinery
import importlib.util
import linecache
import os
import sys
import traceback
import types
from typing import Any

MAX_TEXT = 4000  # characters of a message or a traceback


class CompileError(Exception):
    """The text is not Python; the cause is the compiler's error."""


class _Loader(importlib.machinery.SourceFileLoader):
    """A loader of text that has been compiled already."""

    def __init__(self, name: str, path: str, code: types.CodeType) -> None:
        super().__init__(name, path)
        self._code = code

    def get_code(self, fullname: str) -> types.CodeType:
        return self._code


def compile_text(text: str | ast.Module, path: str) -> types.CodeType:
    """Text or tree to code. Raises CompileError."""
    try:
        return compile(text, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError) as error:
        raise CompileError from error


def new_module(name: str, path: str, text: str | None = None) -> types.ModuleType:
    """An empty module, known to `import`; with its text, whose source tracebacks and `inspect` can show."""
    if text is not None:
        with open(path, "w", encoding="utf-8", errors="surrogatepass") as file:
            file.write(text)
        linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)
    module = types.ModuleType(name)
    module.__file__ = path
    sys.modules[name] = module
    return module


def run_code(code: types.CodeType, module: types.ModuleType) -> None:
    """Run code in a module's namespace; whatever it raises propagates."""
    loader = _Loader(module.__name__, code.co_filename, code)
    loader.exec_module(module)


def describe(error: BaseException, path: str) -> dict[str, Any]:
    """An exception in plain words: its nearest built-in type, its own name, message, and the frames that lie in `path`.

    Folders of this machine do not appear: frames of other files are left out. The exception may be hostile, so that
    asking it for its text may fail.
    """
    try:
        message = str(error)
    except BaseException:
        message = "<no text>"
    kind = next(kind for kind in type(error).__mro__ if getattr(builtins, kind.__name__, None) is kind)
    return {
        "type": kind.__name__,
        "name": str(type(error).__name__)[:100],
        "message": message[:MAX_TEXT],
        "traceback": _frames(error, path)[-MAX_TEXT:],
    }


def _frames(error: BaseException, path: str) -> str:
    try:
        if isinstance(error, SyntaxError):
            lines = traceback.format_exception_only(type(error), error)
        else:
            frames = [frame for frame in traceback.extract_tb(error.__traceback__, -60) if frame.filename == path]
            lines = [*traceback.format_list(frames[-8:]), *traceback.format_exception_only(type(error), error)]
        return "".join(lines).replace(f"{os.path.dirname(path)}/", "")
    except BaseException:
        return ""
