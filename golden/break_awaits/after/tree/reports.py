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


async def describe(db, id, limit=3):
    node = await db.run_sync(get, id)
    if not node:
        raise LookupError(f"{id} is not one of {await db.run_sync(count)}")
    kids, n = await db.run_sync(children, id), await db.run_sync(count, id)
    first, *others = [item async for item in walk(db, node)]
    return {
        "line": f"{await db.run_sync(title, id):>8}|{await db.run_sync(total, node):04d}|{await db.run_sync(path, node)!r}|{f'{await db.run_sync(count)} in all'}",
        "kind": (
            "empty"
            if not await db.run_sync(count, id)
            else (
                "small"
                if await db.run_sync(count, id) < 2
                else f"holds {await db.run_sync(title, kids[0].id)}"
            )
        ),
        "shallow": 0
        <= await db.run_sync(depth, node)
        < limit
        <= await db.run_sync(count) + limit,
        "parent": (p := await db.run_sync(parent, node)) and p.name,
        "grand": (await db.run_sync(parent, p) or await root(db)).name if p else None,
        "same": await db.run_sync(total, node)
        == sum(kid.size for kid in kids) + node.size,
        "last": (
            kids[await db.run_sync(count, id) - 1].name
            if kids
            else await db.run_sync(title, -1, fallback="none")
        ),
        "half": [kid.name for kid in kids[: await db.run_sync(count, id) // 2]],
        "named": await db.run_sync(title, id)
        in [kid.name for kid in await db.run_sync(children, node.parent_id)],
        "tree": ["  " * level + each.name async for level, each in walk(db, node)],
        "below": len(others),
        "numbers": [
            *[each.size async for _, each in walk(db, node)],
            -(await db.run_sync(total, node)),
            (await db.run_sync(total, node)) ** 2,
        ],
        "deepest": max([level async for level, _ in walk(db, node)]),
        "first": (await anext(walk(db, node)))[1].name == first[1].name,
        **{kid.name: await db.run_sync(count, kid.id) for kid in kids},
    }


async def grow(db, spec, under=None):
    """``{"a": {"b": 3}}``: names and sizes, all the way down."""
    made = 0
    for name, what in spec.items():
        if name in [
            kid.name
            for kid in await db.run_sync(children, (under or await root(db)).id)
        ]:
            continue
        size, inner = (0, what) if isinstance(what, dict) else (what, {})
        node = await create(db, name, under or await root(db), size=size)
        made += 1 + await grow(db, inner, node)
    return made


async def move(db, id, to):
    """Moves a node below another, never below itself."""
    outcome = "unknown"
    try:
        async with store.lock(db, id, "move") as node:
            with contextlib.suppress(ZeroDivisionError):
                async for _, each in walk(db, node):
                    if each.id == to:
                        outcome = "loop"
                        break
                else:
                    assert await db.run_sync(
                        exists, to
                    ), f"{await db.run_sync(title, to)} for {await db.run_sync(title, id)}"
                    node.parent_id = to
                    await db.flush()
                    outcome = await db.run_sync(path, await db.run_sync(get, id))
                    1 / (await db.run_sync(count, to) - 1)
    except store.Locked as error:
        return f"{error} is locked"
    except AssertionError as error:
        await db.rollback()
        outcome = f"nowhere: {error}"
    else:
        await db.commit()
    finally:
        db.add(Visit(what=f"moved to {outcome}"))
        await db.commit()
    return outcome


async def prune(db, id):
    sizes = {
        node.name: node.size async for _, node in walk(db, await db.run_sync(get, id))
    }
    kept = dict(sizes)
    del kept[await db.run_sync(title, id)]
    for _, node in reversed(
        [item async for item in walk(db, await db.run_sync(get, id))]
    ):
        await db.delete(node)
        await db.flush()
    await db.commit()
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


async def swap(db, a, b):
    first, second = await db.run_sync(get, a), await db.run_sync(get, b)
    async with db.begin_nested() as savepoint:
        first.size, second.size = await db.run_sync(total, second), await db.run_sync(
            total, first
        )
        await db.flush()
        if await db.run_sync(total, first) < 0 or await db.run_sync(total, second) < 0:
            await savepoint.rollback()
    await db.commit()
    return await db.run_sync(total, await db.run_sync(get, a)), await db.run_sync(
        total, await db.run_sync(get, b)
    )
