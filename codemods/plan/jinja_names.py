"""What the names in Jinja templates stand for: loops, ``set``, and the parameters of macros.

``{% for tag in post.tags %}`` makes of ``tag.posts`` the posts of the tags of a post. A name has
all its values everywhere, as one template may take in another.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

Chain = tuple[str, ...]

_FOR = re.compile(r"^-?\s*for\s+([\w\s,()]+?)\s+in\s+(.*)", re.DOTALL)
_SET = re.compile(r"^-?\s*(?:set|with)\s+([\w\s,]+?)\s*=\s*(.*)", re.DOTALL)
_MACRO = re.compile(r"^-?\s*macro\s+(\w+)\s*\((.*?)\)", re.DOTALL)
_CALL = re.compile(r"(?<![\w|.])(\w+)\s*\(([^()]*)\)")
#: A name and the attributes that are read of it, one of the other; indices don't count.
_INDEX = r"(?:\s*\[[^\]]*\])*"
_READ = re.compile(rf"(?<![\w.|])([A-Za-z_]\w*)({_INDEX}(?:\.[A-Za-z_]\w*{_INDEX})*)")
_ATTRIBUTE = re.compile(r"\.([A-Za-z_]\w*)")
_TEXT = re.compile(r"\"[^\"]*\"|'[^']*'")
#: What is not followed: macros and translations, what a call or an index gives, and texts that name
#: an attribute.
_BEYOND = re.compile(
    r"""^[-+]?\s*(?:macro|call|import|from|trans|pluralize)\b"""
    r"""|^[-+]?\s*with\b[^=]*=[^=]*="""
    r"""|\)\s*[.\[]|\[\s*["']|\[[^\]]*\.[^\]]*\]"""
    r"""|\b(?:previtem|nextitem|namespace|recursive)\b|\battribute\s*="""
    r"""|\b(?:attr|map|groupby|selectattr|rejectattr)\s*\("""
    r"""|\b(?:sum|unique|min|max|sort)\s*\([^)]*["']"""
)
#: Calls in what a loop or ``set`` goes over, of which it gets the same elements.
_PLAIN = re.compile(r"\.\s*(?:items|values|keys)\s*\(\s*\)|\brange\s*\([^()]*\)")
#: Longer chains than this are not followed: names that stand for one another have no end.
_LONGEST = 6


class Names:
    """The names of some templates that are rendered together, by their tags."""

    def __init__(self, tags: Sequence[str]) -> None:
        self.is_exact = not any(map(_is_beyond, tags))
        self.tags = [_TEXT.sub("''", tag) for tag in tags]
        self.values: dict[str, set[Chain]] = {}
        macros = {
            found[1]: [part.partition("=")[0].strip() for part in found[2].split(",")]
            for tag in self.tags
            if (found := _MACRO.match(tag))
        }
        for tag in self.tags:
            for names, source in (m.groups() for m in (_FOR.match(tag), _SET.match(tag)) if m):
                for name in re.findall(r"\w+", names):
                    self.values.setdefault(name, set()).update(_read(source))
            for called, given in _CALL.findall(tag):
                for name, argument in zip(macros.get(called, ()), given.split(","), strict=False):
                    self.values.setdefault(name, set()).update(_read(argument))

    def rooted(self) -> set[Chain]:
        """The attributes that are read one of the other, behind the name that they begin at."""
        return {
            chain
            for tag in self.tags
            for read in _read(tag)
            for chain in self._resolved(read, frozenset())
        }

    def chains(self) -> set[Chain]:
        """What is read of what the templates are given: the attributes, without the first name."""
        return {chain[1:] for chain in self.rooted() if len(chain) > 1}

    def of(self, key: str, keys: Collection[str]) -> set[Chain]:
        """What is read of what the templates are given by a name; "" can be any of them.

        A name that neither ``keys`` nor the templates explain can stand for everything, and a value
        can lead to objects by attributes that say nothing: a page to its items.
        """
        explained = {*keys, *self.values}
        return {
            chain[start:]
            for chain in self.rooted()
            if not key or chain[0] == key or chain[0] not in explained
            for start in range(1, len(chain))
        }

    def _resolved(self, chain: Chain, seen: frozenset[str]) -> Iterator[Chain]:
        """A chain with what its first name stands for."""
        name, *rest = chain
        yield chain
        if name in seen or len(chain) > _LONGEST:
            return
        for value in self.values.get(name, ()):
            for before in self._resolved(value, seen | {name}):
                yield (*before, *rest)


def _read(text: str) -> Iterator[Chain]:
    for name, rest in _READ.findall(text):
        yield (name, *_ATTRIBUTE.findall(rest))


def _is_beyond(tag: str) -> bool:
    """Whether a tag reads what can't be told from the names alone."""
    bound = _FOR.match(tag) or _SET.match(tag)
    return bool(_BEYOND.search(tag)) or (
        bound is not None and "(" in _PLAIN.sub("", bound[2])
    )
