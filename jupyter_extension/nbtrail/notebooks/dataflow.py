"""Which names a cell binds, changes in place and uses, read from its source.

Top-level flow is followed statement by statement; what the body of a function reads and
changes counts where the function is used, not where it is defined. What cannot be seen (star
imports, ``%run``, ``exec``) makes a cell opaque: it may touch any name.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from nbtrail.notebooks.parsing import parse_python

#: Stands for the hidden state of global random generators, as if it were a name.
RANDOM = "the random state"

_BUILTINS = frozenset(dir(builtins)) | {
    "__file__", "__name__", "_", "__", "___", "_dh", "_ih", "_oh", "In", "Out", "display", "exit",
    "get_ipython", "quit",
}  # fmt: skip

#: Methods of lists, dictionaries, sets, queues, arrays, frames, estimators, optimisers and
#: files that change the object they are called on.
_MUTATORS = frozenset({
    "add", "add_module", "append", "appendleft", "backward", "clear", "difference_update",
    "discard", "extend", "extendleft", "fill", "fit", "fit_predict", "fit_transform", "insert",
    "intersection_update", "load_state_dict", "load_weights", "partial_fit", "pop", "popitem",
    "popleft", "put", "remove", "resize", "reverse", "rotate", "seek", "set_params", "setdefault",
    "sort", "step", "symmetric_difference_update", "train", "update", "write", "writelines",
    "zero_grad",
})  # fmt: skip
#: Functions that change their first argument.
_CHANGE_FIRST = frozenset({
    "copyto", "delattr", "fill_diagonal", "heapify", "heappop", "heappush", "heapreplace",
    "insort", "insort_left", "insort_right", "place", "putmask", "setattr", "shuffle",
})  # fmt: skip
_SEEDS = frozenset({"manual_seed", "seed", "seed_everything", "set_random_seed", "set_seed"})
_GENERATORS = frozenset(
    {"Generator", "PCG64", "Random", "RandomState", "SeedSequence", "default_rng"}
)
_TORCH_RANDOM = frozenset(
    {"bernoulli", "multinomial", "normal", "rand", "randint", "randn", "randperm"}
)
_RANDOM_UNLESS_GIVEN = frozenset({"rvs", "sample", "train_test_split"})
_OWN_GENERATOR = re.compile(r"(?:^|_)rng$")

_PYTHON_MAGICS = frozenset({"capture", "memit", "mprun", "prun", "time", "timeit"})
_OTHER_LANGUAGES = frozenset({
    "bash", "cmd", "file", "html", "javascript", "js", "latex", "markdown", "perl", "ruby",
    "script", "sh", "svg", "system", "writefile", "!",
})  # fmt: skip
_HARMLESS_MAGICS = frozenset({
    "alias", "autoreload", "autosave", "bookmark", "cd", "colors", "conda", "config", "debug",
    "env", "history", "load_ext", "ls", "lsmagic", "mamba", "matplotlib", "mkdir", "pdb", "pip",
    "pprint", "precision", "pwd", "reload_ext", "save", "set_env", "tb", "uv", "who", "whos",
    "xmode",
})  # fmt: skip
_LINE = re.compile(r"^(?P<indent>[ \t]*)(?P<sign>[%!?])(?P<rest>.*)$", re.MULTILINE)
_ASSIGNED = re.compile(r"^([ \t]*[\w., \t]+=)[ \t]*[%!].*$", re.MULTILINE)
_HELP = re.compile(r"^[ \t]*[\w.]+\?{1,2}[ \t]*$", re.MULTILINE)
_IN_BRACES = re.compile(r"(?<!\{)\{([^\W\d]\w*)\}")
_OPAQUE = "__opaque__"


@dataclass(frozen=True, slots=True)
class Function:
    """What calling a function of the notebook does beyond its own names."""

    flow: Flow
    params: tuple[str, ...] = ()
    changed_params: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Flow:
    """What a cell does to names.

    Attributes
    ----------
    defines
        Names that it binds, whatever they were before.
    changes
        Names whose objects it changes in place, or takes away.
    mutated
        Names on which it calls methods that change most objects, unless they are modules.
    uses
        Names that it reads before it binds them itself.
    imports
        Those of ``defines`` that are bound to modules or what they hold.
    calls
        Names of functions with the names of their arguments.
    functions
        What its functions do when they are called, by their names.
    opaque
        Whether it may do anything to any name.
    """

    defines: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()
    mutated: frozenset[str] = frozenset()
    uses: frozenset[str] = frozenset()
    imports: frozenset[str] = frozenset()
    calls: frozenset[tuple[str, tuple[str, ...]]] = frozenset()
    functions: Mapping[str, Function] = field(default_factory=dict)
    opaque: bool = False


EMPTY = Flow()


def plain_python(source: str) -> str:
    """Source without IPython's syntax: magics become what they do to names, if anything."""
    stripped = source.lstrip()
    if stripped.startswith("%%"):
        magic, _, body = stripped[2:].partition("\n")
        name, _, arguments = magic.strip().partition(" ")
        if name in _OTHER_LANGUAGES:
            return ""
        if name not in _PYTHON_MAGICS:
            return _OPAQUE
        bound = [a for a in arguments.split() if name == "capture" and a.isidentifier()]
        source = "".join(f"{a} = None\n" for a in bound) + body
        if name in ("time", "timeit") and arguments and not arguments.startswith("-"):
            source = f"{arguments}\n{body}"
    source = _ASSIGNED.sub(r"\1 None", source)
    return _LINE.sub(_plain_line, _HELP.sub("pass", source))


def _plain_line(match: re.Match[str]) -> str:
    indent, rest = match["indent"], match["rest"]
    names = ", ".join(_IN_BRACES.findall(rest))
    used = f"{indent}({names},)" if names else f"{indent}pass"
    if match["sign"] != "%":
        return used
    name, _, arguments = rest.partition(" ")
    if name in _PYTHON_MAGICS and arguments and not arguments.startswith("-"):
        return indent + arguments
    return used if name in _HARMLESS_MAGICS | _PYTHON_MAGICS else indent + _OPAQUE


@lru_cache(maxsize=20_000)
def flow_of(source: str) -> Flow:
    """Flow of one cell; empty when it is not Python."""
    tree = parse_python(plain_python(source))
    if tree is None:
        return EMPTY
    visitor = _Visitor()
    try:
        for statement in tree.body:
            visitor.visit(statement)
    except (RecursionError, MemoryError):
        return EMPTY
    return visitor.flow()


def effects(flow: Flow, functions: Mapping[str, Function]) -> tuple[set[str], set[str]]:
    """Names that a cell uses and changes, with what functions of other cells do for it."""
    uses, changes = set(flow.uses), set(flow.changes)
    calls = set(flow.calls)
    seen: set[str] = set(flow.functions)
    waiting = [name for name in uses if name in functions and name not in seen]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        body = functions[name].flow
        uses |= body.uses
        changes |= body.changes
        calls |= body.calls
        waiting += [used for used in body.uses if used in functions]
    for name, arguments in calls:
        function = functions.get(name)
        if function is not None:
            changes |= _changed_arguments(function, arguments)
    return uses | changes, changes


def reads(flow: Flow, functions: Mapping[str, Function]) -> set[str]:
    """Names that have to be there before a cell runs, for itself and the functions it calls."""
    uses = set(flow.uses)
    seen = set(flow.functions)
    waiting = [name for name in uses if name in functions and name not in seen]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            body = functions[name].flow.uses
            uses |= body
            waiting += [used for used in body if used in functions]
    return uses


def _changed_arguments(function: Function, arguments: tuple[str, ...]) -> set[str]:
    return {
        argument
        for parameter, argument in zip(function.params, arguments, strict=False)
        if argument and parameter in function.changed_params
    }


class _Visitor(ast.NodeVisitor):
    """Walks statements in order; a name counts as used only if not bound before."""

    def __init__(self) -> None:
        self.defines: set[str] = set()
        #: Bound here and deleted again.
        self.removed: set[str] = set()
        self.changes: set[str] = set()
        self.mutated: set[str] = set()
        self.uses: set[str] = set()
        self.imports: set[str] = set()
        self.calls: set[tuple[str, tuple[str, ...]]] = set()
        self.functions: dict[str, Function] = {}
        self.globals: set[str] = set()
        self.opaque = False
        self._followed: set[str] = set()

    def flow(self) -> Flow:
        own = self.defines | _BUILTINS
        return Flow(
            defines=frozenset(self.defines),
            changes=frozenset(self.changes - self.defines),
            mutated=frozenset(self.mutated - self.defines),
            uses=frozenset(self.uses - _BUILTINS),
            imports=frozenset(self.imports),
            calls=frozenset((name, args) for name, args in self.calls if name not in own),
            functions=dict(self.functions),
            opaque=self.opaque,
        )

    # Names

    def visit_Name(self, node: ast.Name) -> None:
        if node.id == _OPAQUE:
            self.opaque = True
        elif isinstance(node.ctx, ast.Load):
            self._use(node.id)
        else:
            self._define(node.id)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self._target(node.target)

    def visit_Assign(self, node: ast.Assign) -> None:
        lambdas = isinstance(node.value, ast.Lambda)
        for target in node.targets:
            if lambdas and isinstance(target, ast.Name) and isinstance(node.value, ast.Lambda):
                self._function(target.id, node.value.args, [node.value.body])
        if not lambdas:
            self.visit(node.value)
        for target in node.targets:
            self._target(target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        if isinstance(node.target, ast.Name):
            self._change(node.target.id)
        else:
            self._target(node.target)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
            self._target(node.target)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        self._target(node.target)
        for statement in (*node.body, *node.orelse):
            self.visit(statement)

    visit_AsyncFor = visit_For

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.type is not None:
            self.visit(node.type)
        known = node.name in self.defines
        if node.name is not None:
            self.defines.add(node.name)
        for statement in node.body:
            self.visit(statement)
        if node.name is not None and not known:
            self.defines.discard(node.name)  # Python deletes it at the end of the clause

    def visit_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self._change(target.id)
                if target.id in self.defines:
                    self.removed.add(target.id)
                self.defines.discard(target.id)
            else:
                self._target(target)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._import((alias.asname or alias.name).split(".")[0])

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.opaque = True
            else:
                self._import(alias.asname or alias.name)

    def visit_Global(self, node: ast.Global) -> None:
        self.globals.update(node.names)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        self._match(node, node.name)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        self._match(node, node.name)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        self._match(node, node.rest)

    def _match(self, node: ast.AST, name: str | None) -> None:
        self.generic_visit(node)
        if name is not None:
            self._define(name)

    # Calls

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        chain = _chain(node.func)
        if not chain:
            return
        base, last = chain[0], chain[-1]
        keywords = {keyword.arg: keyword.value for keyword in node.keywords}
        if last in ("exec", "globals") and len(chain) == 1:
            self.opaque = True
        if len(chain) > 1 and (last in _MUTATORS or _is_true(keywords.get("inplace"))):
            self._mutate(base)
        if last in _CHANGE_FIRST and node.args:
            self._change_object(node.args[0])
        if "out" in keywords:
            self._change_object(keywords["out"])
        if len(chain) == 1:
            self._called(base, node)
        self._random(chain, keywords)

    def _called(self, name: str, node: ast.Call) -> None:
        """A function called by its name: it may change what it is given."""
        arguments = tuple(a.id if isinstance(a, ast.Name) else "" for a in node.args)
        self.calls.add((name, arguments))
        function = self.functions.get(name)
        if function is not None:
            for argument in _changed_arguments(function, arguments):
                self._change(argument)

    def _random(self, chain: tuple[str, ...], keywords: Mapping[str | None, ast.expr]) -> None:
        base, last = chain[0], chain[-1]
        if last in _SEEDS:
            self._define(RANDOM)
        elif last in _GENERATORS:
            return
        elif len(chain) > 1 and _OWN_GENERATOR.search(base):
            self._mutate(base)
        else:
            shared = "random" in chain[:-1] or (base == "torch" and last in _TORCH_RANDOM)
            if shared or (last in _RANDOM_UNLESS_GIVEN and "random_state" not in keywords):
                self._change(RANDOM)

    # Scopes

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for decorator in node.decorator_list:
            self.visit(decorator)
        self._function(node.name, node.args, node.body)
        self._define(node.name)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(part)
        inner = _Visitor()
        for statement in node.body:
            inner.visit(statement)
        self._use_all(inner.uses)
        # What its methods do counts where the class is used.
        flows = [function.flow for function in inner.functions.values()]
        self.functions[node.name] = Function(
            Flow(
                uses=frozenset().union(*(flow.uses for flow in flows)),
                changes=frozenset().union(*(flow.changes for flow in flows)),
                calls=frozenset().union(*(flow.calls for flow in flows)),
            )
        )
        self._define(node.name)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        function = self._body(node.args, [node.body])
        self._use_all(function.flow.uses)

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> None:
        self._comprehension(node.generators, [node.elt])

    visit_SetComp = visit_GeneratorExp = visit_ListComp

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._comprehension(node.generators, [node.key, node.value])

    def _comprehension(self, generators: list[ast.comprehension], parts: list[ast.expr]) -> None:
        inner = _Visitor()
        for generator in generators:
            inner.visit(generator.iter)
            inner._target(generator.target)
            for condition in generator.ifs:
                inner.visit(condition)
        for part in parts:
            inner.visit(part)
        self._use_all(inner.uses)
        for name in inner.changes | inner.mutated:
            if name not in inner.defines:
                self._change(name)

    def _function(
        self, name: str, arguments: ast.arguments, body: list[ast.stmt] | list[ast.expr]
    ) -> None:
        for default in (*arguments.defaults, *(d for d in arguments.kw_defaults if d)):
            self.visit(default)
        self.functions[name] = self._body(arguments, body)
        self._followed.discard(name)

    def _body(self, arguments: ast.arguments, body: list[ast.stmt] | list[ast.expr]) -> Function:
        every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        params = tuple(argument.arg for argument in every)
        extra = tuple(a.arg for a in (arguments.vararg, arguments.kwarg) if a is not None)
        inner = _Visitor()
        for part in body:
            inner.visit(part)
        local = ({*params, *extra} | inner.defines | inner.removed) - inner.globals
        touched = inner.changes | inner.mutated
        flow = Flow(
            uses=frozenset(inner.uses - local - _BUILTINS),
            changes=frozenset((touched - local) | (inner.globals & inner.defines)),
            calls=frozenset(inner.calls),
        )
        return Function(flow, params, frozenset(touched & set(params)))

    # Helpers

    def _target(self, node: ast.AST) -> None:
        """An assignment's left side: a subscript or attribute changes the object it hangs on."""
        if isinstance(node, ast.Name):
            self._define(node.id)
        elif isinstance(node, ast.Tuple | ast.List):
            for element in node.elts:
                self._target(element)
        elif isinstance(node, ast.Starred):
            self._target(node.value)
        elif isinstance(node, ast.Attribute | ast.Subscript):
            self.visit(node.value)
            if isinstance(node, ast.Subscript):
                self.visit(node.slice)
            self._change_object(node)

    def _change_object(self, node: ast.AST) -> None:
        chain = _chain(node)
        if chain:
            self._change(chain[0])

    def _define(self, name: str) -> None:
        self.defines.add(name)
        self.imports.discard(name)

    def _import(self, name: str) -> None:
        self.defines.add(name)
        self.imports.add(name)

    def _change(self, name: str) -> None:
        self._use(name)
        self.changes.add(name)

    def _mutate(self, name: str) -> None:
        if name not in self.imports:
            self.mutated.add(name)

    def _use_all(self, names: Iterable[str]) -> None:
        for name in names:
            self._use(name)

    def _use(self, name: str) -> None:
        if name not in self.defines:
            self.uses.add(name)
        function = self.functions.get(name)
        if function is not None and name not in self._followed:
            self._followed.add(name)
            self._use_all(function.flow.uses)
            self.changes |= function.flow.changes
            self.calls |= function.flow.calls


def _chain(node: ast.AST) -> tuple[str, ...]:
    """The names of ``a.b[0].c`` as ``("a", "b", "c")``; empty where it hangs on no name."""
    names: list[str] = []
    while isinstance(node, ast.Attribute | ast.Subscript):
        if isinstance(node, ast.Attribute):
            names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ()
    return (node.id, *reversed(names))


def _is_true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True
