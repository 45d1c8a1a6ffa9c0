"""The way of an instance, backwards: from the place that reads it to the query that loads it."""

from __future__ import annotations

import ast
from dataclasses import replace

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.awaited import Awaited
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import (
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Method,
    Value,
)
from codemods.passes.eager_loading.holding import (
    holds,
    is_abstract,
    is_of_another,
    is_self,
    passed_for,
    put_into,
    source_of_lambda,
    text_of,
)
from codemods.passes.eager_loading.reaching import reaching
from codemods.passes.eager_loading.ways import (
    ENDLESS,
    RECURSION_DEPTH,
    Demand,
    Frame,
    Hop,
    Kind,
    Landing,
    Path,
    Touch,
    leading,
)

#: Builtins that give what their first argument holds.
_FIRST = [
    "list",
    "sorted",
    "reversed",
    "iter",
    "next",
    "set",
    "tuple",
    "frozenset",
    "min",
    "max",
    "filter",
    "enumerate",
    "zip",
]
_NO_INSTANCES = [
    "len",
    "str",
    "int",
    "bool",
    "sum",
    "any",
    "all",
    "repr",
    "print",
    "isinstance",
    "type",
]
_MANY = ["all", "fetchall", "fetchmany", "partitions"]
_LIMIT = 4000
#: Steps of an endless path that the options of a query may have already.
_WRITTEN = 2


class Tracer:
    """Follows demands to their landings."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.awaited = Awaited(program)
        #: What is asked of the instances that each name on the ways stands for.
        self.names: dict[ast.Name, set[tuple[Class, Path]]] = {}

    def trace(self, touch: Touch) -> list[Landing]:
        """All ends of the ways on which the instances of a touch come."""
        first = Demand(
            touch,
            touch.base,
            touch.module,
            touch.entity,
            touch.path,
            False,
            (),
            touch.base,
        )
        waiting, landings = [first], []
        seen: set[object] = set()
        while waiting and len(seen) < _LIMIT:
            demand = waiting.pop()
            key = (id(demand.expr), demand.path, tuple(id(hop.call) for hop in demand.stack))
            if key in seen:
                continue
            seen.add(key)
            for step in self._step(demand):
                if isinstance(step, Landing):
                    landings.append(step)
                else:
                    waiting.append(step)
        return landings

    # -- one step ----------------------------------------------------------------------------

    def _step(self, demand: Demand) -> list[Demand | Landing]:
        node, to = demand.expr, self._to
        match node:
            case ast.Name():
                return self._name(node, demand)
            case ast.Call():
                return self._call(node, demand)
            case ast.Attribute():
                return self._attribute(node, demand)
            case ast.Await() | ast.Starred() | ast.NamedExpr() | ast.Subscript():
                return [to(demand, node.value)]
            case ast.IfExp(body=body, orelse=orelse):
                return [to(demand, body), to(demand, orelse)]
            case ast.BoolOp(values=values):
                return [to(demand, value) for value in values]
            case ast.BinOp(left=left, right=right):
                return self._holding([left, right], demand)
            case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
                return self._holding(elements, demand)
            case ast.Dict(values=values):
                return self._holding(values, demand)
            case (
                ast.ListComp(elt=element) | ast.SetComp(elt=element) | ast.GeneratorExp(elt=element)
            ):
                return [to(demand, element, many=True)]
            case ast.DictComp(value=value):
                return [to(demand, value, many=True)]
            case ast.Constant() | ast.JoinedStr() | ast.Compare():
                return []
        return [self._lost(demand, "it comes from an expression that is not followed")]

    def _to(self, demand: Demand, expr: ast.expr, many: bool = False) -> Demand:
        """The same demand on another expression of the same function."""
        return replace(demand, expr=expr, many=demand.many or many)

    def _holding(self, elements: list[ast.expr], demand: Demand) -> list[Demand | Landing]:
        """The parts of a display that can hold instances of the entity."""
        shown = demand.use is demand.expr
        return [
            replace(demand, expr=element, use=element if shown else demand.use)
            for element in elements
            if holds(self.program.infer(element, demand.module), demand.entity, self.program)
        ]

    def _lost(self, demand: Demand, reason: str) -> Landing:
        return Landing(Kind.UNKNOWN, demand, demand.expr, reason)

    # -- names -------------------------------------------------------------------------------

    def _name(self, node: ast.Name, demand: Demand) -> list[Demand | Landing]:
        module = demand.module
        self.names.setdefault(node, set()).add((demand.entity, demand.path))
        holder = module.scope_of(node).lookup(node.id)
        if holder is None:
            return [self._lost(demand, f"{node.id} is not defined here")]
        found: list[Demand | Landing] = []
        for binding in reaching(node, holder, holder.module):
            match binding.kind:
                case "assign" | "annotated":
                    if (value := binding.part) is not None:
                        found.append(self._bound(demand, value, holder.module))
                case "for":
                    if binding.value is not None:
                        found.append(self._bound(demand, binding.value, holder.module, many=True))
                case "with":
                    if binding.value is not None:
                        found.append(self._bound(demand, binding.value, holder.module))
                case "parameter" if isinstance(binding.node, ast.arg):
                    if isinstance(holder, Function):
                        found += self._parameter(holder, binding.node, demand)
                    else:
                        found += self._lambda(binding.node, demand)
                case "from" | "import" | "def" | "class" | "except":
                    if source := self.program.definition(node, module):
                        found.append(self._bound(demand, source[0], source[1]))
                case _:
                    found.append(self._lost(demand, f"{node.id} is bound in an unusual way"))
        return found + self._grown(node, demand)

    def _bound(self, demand: Demand, value: ast.expr, module: Module, many: bool = False) -> Demand:
        return replace(demand, expr=value, module=module, many=demand.many or many)

    def _grown(self, node: ast.Name, demand: Demand) -> list[Demand | Landing]:
        """What is put into a list or dict that a name stands for."""
        module = demand.module
        function = module.function_of(node)
        values = self.program.infer(node, module)
        if function is None or not any(
            isinstance(v, Instance)
            and v.cls
            in ("builtins.list", "builtins.dict", "builtins.set", "collections.defaultdict")
            for v in values
        ):
            return []
        return self._holding(put_into(node.id, function), replace(demand, many=True))

    def _lambda(self, argument: ast.arg, demand: Demand) -> list[Demand | Landing]:
        """The parameter of a lambda that is a key or a function for ``sorted``, ``map``..."""
        source = source_of_lambda(argument, demand.module)
        if source is not None:
            return [self._to(demand, source, many=True)]
        return [self._lost(demand, "a lambda gets it")]

    # -- parameters --------------------------------------------------------------------------

    def _parameter(
        self, function: Function, argument: ast.arg, demand: Demand
    ) -> list[Demand | Landing]:
        program = self.program
        entered = bool(demand.stack) and demand.stack[-1].callee is function
        if (
            not entered
            and is_self(function, argument, program)
            and isinstance(function.parent, Class)
            and program.models.is_mapped(function.parent)
        ):
            return [Landing(Kind.SELF, demand, demand.expr, "", function)]
        depends = program.web.depends(function, argument)
        if depends is not None:
            functions = program.web.dependency_functions(depends)
            if not functions:
                return [self._lost(demand, "the dependency is not known")]
            return self._entered(functions, depends.marker, demand)
        if demand.stack and demand.stack[-1].callee in program.calls.family(function):
            hop = demand.stack[-1]
            if isinstance(hop.call, ast.Call | ast.Attribute):
                return self._left(hop.call, hop, function, argument, demand)
        return self._from_callers(function, argument, demand)

    def _left(
        self,
        call: ast.Call | ast.Attribute,
        hop: Hop,
        function: Function,
        argument: ast.arg,
        demand: Demand,
    ) -> list[Demand | Landing]:
        if isinstance(call, ast.Attribute):
            passed: ast.expr | None = call.value  # reading a property calls it with the object
        else:
            passed = passed_for(call, function, argument, self.program)
        if passed is None:
            default = function.default_of(argument)
            if isinstance(default, ast.Constant):
                return []
            return [self._lost(demand, f"{function.name} gets it in a way that is not followed")]
        return [
            replace(
                demand,
                expr=passed,
                module=hop.module,
                stack=demand.stack[:-1],
                use=passed,
                trail=(*demand.trail, Frame(demand.use, demand.module)),
            )
        ]

    def _from_callers(
        self, function: Function, argument: ast.arg, demand: Demand
    ) -> list[Demand | Landing]:
        program = self.program
        if program.web.is_pytest(function):
            fixture = program.web.fixture(function, argument.arg)
            if fixture is not None:
                return self._entered([fixture], argument, demand)
            return [self._lost(demand, "a test gets it from pytest")]
        found: list[Demand | Landing] = []
        references = program.calls.references(function)
        for reference in references:
            if reference.call is None:
                continue
            passed = passed_for(reference.call, function, argument, program)
            if passed is not None:
                found.append(
                    replace(
                        demand,
                        expr=passed,
                        module=reference.module,
                        stack=(),
                        use=passed,
                        trail=(*demand.trail, Frame(demand.use, demand.module)),
                    )
                )
        if not found and function not in program.web.routes:
            return [self._lost(demand, f"nothing that is known passes {argument.arg}")]
        return found

    def _entered(
        self, functions: list[Function], call: ast.AST, demand: Demand
    ) -> list[Demand | Landing]:
        """The demand on what functions return (or yield)."""
        if len(demand.stack) > 12 or any(hop.call is call for hop in demand.stack):
            return []
        found: list[Demand | Landing] = []
        for function in functions:
            hop = Hop(call, demand.module, function)
            values: list[tuple[ast.expr, bool]] = [
                (r.value, False) for r in function.returns if r.value is not None
            ]
            many = not self.program.web.is_pytest(function) and not isinstance(call, ast.arg)
            for item in function.yields:
                if item.value is not None:
                    values.append((item.value, many and isinstance(call, ast.Call)))
            for value, several in values:
                found.append(
                    replace(
                        demand,
                        expr=value,
                        module=function.module,
                        many=demand.many or several,
                        stack=(*demand.stack, hop),
                        use=value,
                        trail=(*demand.trail, Frame(demand.use, demand.module, hop)),
                    )
                )
            if not values:
                found.append(self._lost(demand, f"{function.name} returns nothing that is known"))
        return found

    # -- calls -------------------------------------------------------------------------------

    def _call(self, node: ast.Call, demand: Demand) -> list[Demand | Landing]:
        found: list[Demand | Landing] = []
        values = self.program.infer(node.func, demand.module)
        for value in values:
            found += self._called(value, node, demand)
        if not values and not self.awaited.infer(node, demand.module):
            found.append(self._lost(demand, f"what {text_of(node.func)} gives is not known"))
        return found

    def _called(self, value: Value, node: ast.Call, demand: Demand) -> list[Demand | Landing]:
        match value:
            case FunctionValue(function=function):
                if is_of_another(function, node, demand.module, demand.entity, self.program):
                    return []
                members = sorted(self.program.calls.family(function), key=str)
                members = [m for m in members if not is_abstract(m)] or members
                return self._entered(members, node, demand)
            case ClassValue(cls=cls) if self.program.models.is_mapped(cls):
                return [Landing(Kind.FRESH, demand, node)]
            case Instance(cls="builtins.type", args=args) if args and holds(
                args[0], demand.entity, self.program
            ):
                return [Landing(Kind.FRESH, demand, node)]
            case External(name=name):
                return self._outside(name, node, demand)
            case Method(owner=owner, name=name):
                return self._method(owner, name, node, demand)
        return [self._lost(demand, f"what {text_of(node.func)} gives is not known")]

    def _selected(
        self, kind: Kind, selected: list[ast.expr], node: ast.Call, demand: Demand
    ) -> list[Demand | Landing]:
        """A landing, unless the query is one of other entities."""
        values = [self.program.annotation(argument, demand.module) for argument in selected]
        if all(values) and not any(holds(v, demand.entity, self.program) for v in values):
            return []
        return [Landing(kind, demand, node)]

    def _outside(self, name: str, node: ast.Call, demand: Demand) -> list[Demand | Landing]:
        last = name.removeprefix("builtins.")
        if name in ("sqlalchemy.select", "sqlmodel.select"):
            return self._selected(Kind.QUERY, node.args, node, demand)
        if last in _FIRST and node.args:
            many = last not in ("next", "min", "max", "iter")
            return [self._to(demand, node.args[0], many=many)]
        if last == "map" and len(node.args) > 1:
            return [self._lost(demand, "map makes it")]
        if last in _NO_INSTANCES:
            return []
        if name in ("typing.cast",) and len(node.args) > 1:
            return [self._to(demand, node.args[1])]
        if name in ("copy.copy", "contextlib.closing") and node.args:
            return [self._to(demand, node.args[0])]
        return [self._lost(demand, f"what {text_of(node.func)} gives is not known")]

    def _method(
        self, owner: Instance, name: str, node: ast.Call, demand: Demand
    ) -> list[Demand | Landing]:
        if not isinstance(node.func, ast.Attribute):
            return [self._lost(demand, f"what {text_of(node.func)} gives is not known")]
        if self.program.is_session_class(owner.cls):
            if name in ("get", "get_one"):
                return self._selected(Kind.GET, node.args[:1], node, demand)
            if name == "query":
                return self._selected(Kind.QUERY, node.args, node, demand)
            if name in ("execute", "scalars", "scalar", "exec") and node.args:
                return [self._to(demand, node.args[0])]
            return [self._lost(demand, f"what Session.{name} gives is not followed")]
        if self.program.is_subclass(owner.cls, known.ASYNC_SESSION):
            return []  # what is lazy there is an error already
        if owner.cls in (known.QUERY, known.SELECT):
            if name in ("union", "union_all", "except_", "intersect", "from_statement"):
                return [self._lost(demand, f"the statement is made by {name}")]
            return [self._to(demand, node.func.value, many=name in _MANY)]
        if owner.cls in (known.RESULT, known.SCALARS):
            return [self._to(demand, node.func.value, many=name in _MANY)]
        if owner.cls in ("builtins.dict", "builtins.list", "builtins.set"):
            return [self._to(demand, node.func.value)]
        return [self._lost(demand, f"what {text_of(node.func)} gives is not known")]

    # -- attributes --------------------------------------------------------------------------

    def _attribute(self, node: ast.Attribute, demand: Demand) -> list[Demand | Landing]:
        program = self.program
        owners = program.infer(node.value, demand.module)
        found: list[Demand | Landing] = []
        for owner in sorted(owners, key=repr):
            if not isinstance(owner, Instance):
                continue
            if isinstance(owner.cls, Class) and program.models.is_mapped(owner.cls):
                if node.attr in program.models.relationships(owner.cls):
                    related = self._related(node, owner.cls, demand)
                    if related is None:
                        return []
                    found.append(related)
                else:
                    found += self._member(owner.cls, node.attr, node, demand)
            elif owner.cls == known.ROW:
                found.append(self._to(demand, node.value))
            elif isinstance(owner.cls, Class):
                found += self._member(owner.cls, node.attr, node, demand)
        if not found:
            if source := program.definition(node, demand.module):
                return [self._bound(demand, source[0], source[1])]
            found.append(self._lost(demand, f"{text_of(node)} is not followed"))
        return found

    def _related(
        self, node: ast.Attribute, owner: Class, demand: Demand
    ) -> Demand | Landing | None:
        """What is asked of the owner of a relationship; None where that is asked already."""
        relationship = self.program.models.relationships(owner)[node.attr]
        if (
            node in demand.reads
            and relationship.target is owner
            and node.attr in demand.path[:1]
            and self.program.versions.at_least(*RECURSION_DEPTH, demand.module.path)
        ):
            if leading(demand.path) >= ENDLESS + _WRITTEN:
                return None
        elif node in demand.reads:
            reason = f"{text_of(node)} is followed to a depth that only the data knows"
            return self._lost(demand, reason)
        return replace(
            demand,
            expr=node.value,
            entity=owner,
            path=(node.attr, *demand.path),
            reads=(*demand.reads, node),
        )

    def _member(
        self, cls: Class, name: str, node: ast.Attribute, demand: Demand
    ) -> list[Demand | Landing]:
        """What an attribute of an ordinary object was set to."""
        found: list[Demand | Landing] = []
        for base in self.program.mro(cls):
            if not isinstance(base, Class):
                continue
            for binding in (*base.bindings.get(name, ()), *base.attributes.get(name, ())):
                method = base.module.functions.get(binding.node)
                if method is not None:
                    found += self._entered([method], node, demand)
                elif (value := binding.part) is not None:
                    found.append(
                        replace(
                            demand,
                            expr=value,
                            module=base.module,
                            stack=(),
                            use=value,
                            trail=(*demand.trail, Frame(demand.use, demand.module)),
                        )
                    )
        return found
