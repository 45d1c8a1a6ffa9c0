"""Await in every place where an expression can stand."""
import contextlib
import itertools
from functools import partial, reduce

from . import store
from .models import Node, Visit
from .store import children, count, create, exists, get, is_locked, parent, root, title, walk


def total(db, node):
    return node.size + sum(total(db, child) for child in children(db, node.id))


def depth(db, node):
    steps = 0
    while (node := parent(db, node)) is not None:
        steps += 1
    else:
        steps = -(-steps)
    return steps


def path(db, node):
    above = parent(db, node)
    return (path(db, above) if above else "") + "/" + node.name.strip("/")


def listing(db, ids):
    known = [get(db, id) for id in ids if exists(db, id)]
    return {
        "names": [title(db, id) for id in ids],
        "by_size": [node.name for node in sorted(known, key=lambda node: (-total(db, node), node.name))],
        "biggest": max(known, key=lambda node: total(db, node)).name if known else None,
        "totals": {node.name: total(db, node) for node in known},
        "paths": ":".join(path(db, node) for node in known),
        "depths": dict(zip(ids, map(lambda id: exists(db, id) and depth(db, get(db, id)), ids))),
        "kids": [kid.name for kid in itertools.chain.from_iterable(children(db, node.id) for node in known)],
        "pairs": [(a.name, b.name) for a in known for b in children(db, a.id) if count(db, b.id) > 0],
        "unique": sorted({title(db, node.parent_id, "-") for node in known}),
        "leading": [id for id in itertools.takewhile(partial(exists, db), ids)],
        "sum": reduce(lambda acc, node: acc + total(db, node), known, 0),
        "first_locked": next((title(db, id) for id in ids if is_locked(db, id)), None),
        "any": any(is_locked(db, id) for id in ids),
        "all": all(exists(db, id) for id in ids),
        "filtered": [n.id for n in filter(lambda n: count(db, n.id), known)],
    }


def describe(db, id, limit=3):
    node = get(db, id)
    if not node:
        raise LookupError(f"{id} is not one of {count(db)}")
    kids, n = children(db, id), count(db, id)
    first, *others = walk(db, node)
    return {
        "line": f"{title(db, id):>8}|{total(db, node):04d}|{path(db, node)!r}|{f'{count(db)} in all'}",
        "kind": "empty" if not count(db, id) else "small" if count(db, id) < 2 else f"holds {title(db, kids[0].id)}",
        "shallow": 0 <= depth(db, node) < limit <= count(db) + limit,
        "parent": (p := parent(db, node)) and p.name,
        "grand": (parent(db, p) or root(db)).name if p else None,
        "same": total(db, node) == sum(kid.size for kid in kids) + node.size,
        "last": kids[count(db, id) - 1].name if kids else title(db, -1, fallback="none"),
        "half": [kid.name for kid in kids[:count(db, id) // 2]],
        "named": title(db, id) in [kid.name for kid in children(db, node.parent_id)],
        "tree": ["  " * level + each.name for level, each in walk(db, node)],
        "below": len(others),
        "numbers": [*(each.size for _, each in walk(db, node)), -total(db, node), total(db, node) ** 2],
        "deepest": max(level for level, _ in walk(db, node)),
        "first": next(walk(db, node))[1].name == first[1].name,
        **{kid.name: count(db, kid.id) for kid in kids},
    }


def grow(db, spec, under=None):
    """``{"a": {"b": 3}}``: names and sizes, all the way down."""
    made = 0
    for name, what in spec.items():
        if name in [kid.name for kid in children(db, (under or root(db)).id)]:
            continue
        size, inner = (0, what) if isinstance(what, dict) else (what, {})
        node = create(db, name, under or root(db), size=size)
        made += 1 + grow(db, inner, node)
    return made


def move(db, id, to):
    """Moves a node below another, never below itself."""
    outcome = "unknown"
    try:
        with store.lock(db, id, "move") as node, contextlib.suppress(ZeroDivisionError):
            for _, each in walk(db, node):
                if each.id == to:
                    outcome = "loop"
                    break
            else:
                assert exists(db, to), f"{title(db, to)} for {title(db, id)}"
                node.parent_id = to
                db.flush()
                outcome = path(db, get(db, id))
                1 / (count(db, to) - 1)
    except store.Locked as error:
        return f"{error} is locked"
    except AssertionError as error:
        db.rollback()
        outcome = f"nowhere: {error}"
    else:
        db.commit()
    finally:
        db.add(Visit(what=f"moved to {outcome}"))
        db.commit()
    return outcome


def prune(db, id):
    sizes = {node.name: node.size for _, node in walk(db, get(db, id))}
    kept = dict(sizes)
    del kept[title(db, id)]
    for _, node in reversed(list(walk(db, get(db, id)))):
        db.delete(node)
        db.flush()
    db.commit()
    return sizes, kept


def weigh(db, id):
    def weight(node, base=count(db)):
        match count(db, node.id):
            case 0:
                return base
            case 1 | 2 as few:
                return base + few
            case _ if total(db, node) > 10:
                return -base
        return 0

    return (lambda node: weight(node) + weight(node, base=total(db, node)))(get(db, id))


def swap(db, a, b):
    first, second = get(db, a), get(db, b)
    with db.begin_nested() as savepoint:
        first.size, second.size = total(db, second), total(db, first)
        db.flush()
        if total(db, first) < 0 or total(db, second) < 0:
            savepoint.rollback()
    db.commit()
    return total(db, get(db, a)), total(db, get(db, b))
