"""What is known of ``Query``: its methods, and the 2.0 form of each.

The tables say only what differs from ``Select``. Whatever is in none of them is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass


def words(text: str) -> frozenset[str]:
    """The words of a text: how the tables are written."""
    return frozenset(text.split())


#: Builders that ``Select`` has under the same name, with the same meaning.
SAME = words(
    """
    where join outerjoin select_from options order_by limit offset slice distinct group_by having
    prefix_with suffix_with with_hint with_statement_hint correlate params with_for_update
    execution_options add_columns from_statement set_label_style ext
    """
)

#: Builders that ``Select`` has under another name.
RENAMED = {
    "filter": "where",
    "with_entities": "with_only_columns",
    "add_column": "add_columns",
    "add_entity": "add_columns",
}

#: Builders with another form, by the number of their positional arguments (no keywords).
REWRITTEN: dict[tuple[str, int], str] = {
    ("populate_existing", 0): "{receiver}.execution_options(populate_existing=True)",
    ("yield_per", 1): "{receiver}.execution_options(yield_per={0})",
    ("autoflush", 1): "{receiver}.execution_options(autoflush={0})",
    ("with_parent", 2): "{receiver}.where(<with_parent>({0}, {1}))",
    ("reset_joinpoint", 0): "{receiver}",
    ("tuples", 0): "{receiver}",
}

SET_OPERATIONS = words("union union_all except_ except_all intersect intersect_all")

#: All builders that are understood; ``filter_by`` and ``enable_eagerloads`` are looked at apart.
BUILDERS = (
    SAME
    | RENAMED.keys()
    | {name for name, _ in REWRITTEN}
    | SET_OPERATIONS
    | {"filter_by", "enable_eagerloads"}
)

#: Builders that change which rows there are in a way that ``select(func.count())`` does not keep.
RESHAPING = (
    words(
        """
    order_by limit offset slice distinct group_by having options with_entities add_columns
    add_column add_entity from_statement with_for_update prefix_with suffix_with set_label_style
    select_from enable_eagerloads yield_per populate_existing
    """
    )
    | SET_OPERATIONS
)

#: After these, the builders of ``NOT_AFTER_LIMIT`` raise, as those of ``NOT_AFTER_STATEMENT`` do
#: after ``from_statement``; a ``Select`` takes them.
LIMITS = words("limit offset slice")
NOT_AFTER_LIMIT = words("filter where filter_by order_by group_by having join outerjoin")
NOT_AFTER_STATEMENT = NOT_AFTER_LIMIT | words("limit offset slice distinct reset_joinpoint")

#: After these, ``select_from`` and ``from_statement`` raise.
CRITERIA = (
    words("filter where filter_by select_from join outerjoin group_by order_by distinct")
    | words("from_statement")
    | LIMITS
)
NOT_AFTER_CRITERIA = words("select_from from_statement")

#: With these it matters to ``exists()`` which columns are selected.
NOT_BEFORE_EXISTS = words("distinct offset slice having with_entities from_statement")

#: Builders of a union that mean the same within it; loader options would not.
BEFORE_UNION = words("filter where filter_by join outerjoin distinct limit offset") | SET_OPERATIONS

#: Builders that may stand before ``delete()`` and ``update()``: with others ``Query`` raises.
BEFORE_DML = words("filter where filter_by execution_options reset_joinpoint")

#: Builders that ``get()`` takes as arguments, and may have before it.
BEFORE_GET = words("options populate_existing with_for_update execution_options order_by")

#: Methods that make a clause of a query; ``Select`` has them under the name given.
CLAUSES = {
    "subquery": "subquery",
    "exists": "exists",
    "cte": "cte",
    "label": "label",
    "scalar_subquery": "scalar_subquery",
    "as_scalar": "scalar_subquery",
}

#: Methods of SQL expressions and of selectables that take a query as a clause.
TAKES_CLAUSE = words("in_ not_in notin_")

#: What asks for all names of a row.
ROW_KEYS = words("_asdict _mapping _fields mappings")

#: Methods that run the query.
TERMINALS = words("all first one one_or_none scalar count get delete update")


@dataclass(frozen=True)
class Form:
    """How a terminal is called on the result of ``scalars`` and on that of ``execute``."""

    scalars: str
    rows: str


FORMS = {
    "all": Form(".all()", ".all()"),
    "first": Form(".first()", ".first()"),
    "one": Form(".one()", ".one()"),
    "one_or_none": Form(".one_or_none()", ".one_or_none()"),
    "scalar": Form(".one_or_none()", ".scalar_one_or_none()"),
    "iterate": Form("", ""),
}

#: What 2.0 took away, and what stands in for it.
REMOVED = {
    "from_self": "write it as a subquery with aliased()",
    "select_entity_from": "use select_from() with aliased()",
    "with_lockmode": "use with_for_update()",
    "with_polymorphic": "use the with_polymorphic() function",
    "join_from": "use join()",
    "apply_labels": "use set_label_style()",
    "with_labels": "use set_label_style()",
    "values": "use with_entities()",
    "value": "use with_entities().scalar()",
}

#: Loader options that add no rows to the statement they are on.
PLAIN_LOADERS = words(
    """
    selectinload subqueryload lazyload immediateload noload raiseload load_only defer undefer
    undefer_group with_expression with_loader_criteria selectin_polymorphic defaultload
    """
)
JOINED_LOADERS = words("joinedload contains_eager")

#: Functions that make one row of all rows where there is no GROUP BY.
AGGREGATES = words(
    """
    count max min sum avg array_agg string_agg group_concat json_agg jsonb_agg json_object_agg
    jsonb_object_agg bool_and bool_or every stddev stddev_pop stddev_samp variance var_pop var_samp
    percentile_cont percentile_disc mode total
    """
)

#: Where the functions that the new forms use are imported from; SQLModel has some of its own.
IMPORTS = {
    "select": "sqlalchemy",
    "func": "sqlalchemy",
    "update": "sqlalchemy",
    "delete": "sqlalchemy",
    "LABEL_STYLE_NONE": "sqlalchemy",
    "Select": "sqlalchemy",
    "with_parent": "sqlalchemy.orm",
    "Session": "sqlalchemy.orm",
}

#: Where SQLAlchemy 1.4 has some of them.
OLD_IMPORTS = {"Select": "sqlalchemy.sql"}
