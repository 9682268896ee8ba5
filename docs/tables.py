"""Tables in Markdown."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def code_list(names: Iterable[str]) -> str:
    """The names in code font, with commas."""
    return ", ".join(f"`{name}`" for name in names)


def joined(parts: Iterable[str]) -> str:
    """A page of these paragraphs."""
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
