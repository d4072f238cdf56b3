"""Reading the project's pages: their sections, tables, links and fenced blocks."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


HEADING = re.compile(r"#{1,6} +(.*?) *#*$")
FENCE = re.compile(r"^ *```(\w*) *$")
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
RULE = re.compile(r"^\|[ :|-]+\|$")
CELL = re.compile(r"(?<!\\)\|")


class Fence(NamedTuple):
    """A fenced block: the language it is in, and its lines."""

    language: str
    lines: list[str]


Table = list[dict[str, str]]


def sections(text: str) -> dict[str, list[str]]:
    """The lines below each heading, up to the next one; blocks are no headings."""
    found: dict[str, list[str]] = {"": []}
    title, fenced = "", False
    for line in text.splitlines():
        fenced ^= FENCE.match(line) is not None
        heading = None if fenced else HEADING.match(line)
        if heading:
            title = heading[1].replace("`", "")
            found.setdefault(title, [])
        else:
            found[title].append(line)
    return found


def table(text: str, title: str) -> Table:
    """The table below a heading, a row by its column's names."""
    lines = [
        line.strip()
        for line in sections(text)[title]
        if line.strip().startswith("|") and not RULE.match(line.strip())
    ]
    names, *rows = [_cells(line) for line in lines]
    assert all(len(row) == len(names) for row in rows), f"a ragged table: {title}"
    return [dict(zip(names, row, strict=True)) for row in rows]


def code(cell: str) -> str:
    """What a cell says, without the marks around code and links."""
    return re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", cell).replace("`", "")


def fences(text: str) -> Iterator[Fence]:
    """Every fenced block."""
    fence: Fence | None = None
    for line in text.splitlines():
        mark = FENCE.match(line)
        if mark and fence is None:
            fence = Fence(mark[1], [])
        elif mark and fence is not None:
            yield fence
            fence = None
        elif fence is not None:
            fence.lines.append(line)


def prose(text: str) -> str:
    """The text without its fenced blocks."""
    kept, fenced = [], False
    for line in text.splitlines():
        mark = FENCE.match(line) is not None
        if not fenced and not mark:
            kept.append(line)
        fenced ^= mark
    return "\n".join(kept)


def anchors(text: str) -> set[str]:
    """What a link into the page may name, made from its headings."""
    return {
        re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        for title in sections(text)
    }


def broken_links(page: Path) -> list[str]:
    """The links of a page to files or headings that are not there."""
    text = page.read_text(encoding="utf-8")
    return [
        link
        for link in LINK.findall(prose(text))
        if "://" not in link and not _leads_somewhere(page, text, link)
    ]


def _leads_somewhere(page: Path, text: str, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = page.parent / name if name else page
    if not target.exists():
        return False
    if not anchor:
        return True
    there = target.read_text(encoding="utf-8") if name else text
    return anchor in anchors(there)


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in CELL.split(line)[1:-1]]
