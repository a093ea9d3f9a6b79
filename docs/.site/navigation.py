"""Hooks of mkdocs: the navigation is what `index.md` lists, and the claims come from the README.

A link to a file of the repository, such as an example, has no page to lead to: its words stay.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

CLAIMS = "<!-- the table of the README stands here -->"


def on_config(config: Any) -> Any:
    """Set the navigation: a section for each heading of the index, an entry for each link."""
    index = Path(config.docs_dir) / "index.md"
    sections: list[Any] = []
    for part in index.read_text(encoding="utf-8").split("\n## ")[1:]:
        links = re.findall(r"^- \[([^\]]+)\]\(([\w-]+\.md)\)", part, re.MULTILINE)
        sections.append({part.split("\n", 1)[0]: [{title: page} for title, page in links]})
    first = next(iter(sections[0].values()))
    first.insert(0, {"Overview": "index.md"})
    config.nav = sections
    return config


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Put the table of claims where a page asks for it; take links out of the folder away."""
    del page, files
    if CLAIMS in markdown:
        readme = Path(config.config_file_path).parent / "README.md"
        section = readme.read_text(encoding="utf-8").split("\n## Measured\n")[1].split("\n## ")[0]
        markdown = markdown.replace(CLAIMS, section.replace("](docs/", "]("))
    return re.sub(r"\[([^\]]+)\]\(\.\./[^)]+\)", r"\1", markdown)
