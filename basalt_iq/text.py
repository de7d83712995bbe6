"""Text from outside, such as the name of a file, as a person may see it."""

from __future__ import annotations


def shown(text: str) -> str:
    """The text with what a terminal would obey, and what no encoding holds, as visible escapes.

    >>> shown("a\\x1b[2Jb")
    'a\\\\x1b[2Jb'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
