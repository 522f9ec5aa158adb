"""One page a problem code, as Markdown for `docs/problems/` and as HTML at `/problems/{code}`.

`python -m api.problem_pages FOLDER` writes the Markdown; a test holds `docs/problems/` equal to it.
"""

import sys
from html import escape
from pathlib import Path

from api.catalogue import CATALOGUE, TYPE_BASE, kind_of

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}"
    "code{background:#eef1f4;padding:.1em .3em;border-radius:3px}table{border-collapse:collapse;width:100%}"
    "td,th{text-align:left;vertical-align:top;padding:.4rem;border-bottom:1px solid #d8dee4}"
    "pre{background:#eef1f4;padding:1rem;overflow:auto;border-radius:4px}summary{cursor:pointer}"
)


def markdown(code: str) -> str:
    """Return the page of a code."""
    kind = kind_of(code)
    return (
        f"# {kind.title}\n\n"
        f"`{TYPE_BASE}{code}`, HTTP status {kind.status}.\n\n"
        f"**What it means.** {kind.meaning}\n\n"
        f"**What to do.** {kind.remedy}\n"
    )


def index() -> str:
    """Return the page that lists every code."""
    rows = [f"| [`{code}`]({code}.md) | {kind.status} | {kind.title} |" for code, kind in sorted(CATALOGUE.items())]
    return (
        "# Problems\n\n"
        "Every error of the HTTP API is a problem document (RFC 9457) whose `type` is one of these pages. They are "
        "written from `api/catalogue.py` by `python -m api.problem_pages docs/problems`.\n\n"
        "| Code | Status | Title |\n|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def html_page(title: str, body: str) -> str:
    """Return a page that needs nothing from anywhere else."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>{body}</body></html>'
    )


def html(code: str) -> str:
    """Return the page of a code for a browser."""
    kind = kind_of(code)
    paragraphs = "".join(
        f"<p><strong>{name}</strong> {escape(words)}</p>"
        for name, words in (("What it means.", kind.meaning), ("What to do.", kind.remedy))
    )
    place = f"<p><code>{escape(TYPE_BASE + code)}</code>, HTTP status {kind.status}.</p>"
    return html_page(kind.title, f"<h1>{escape(kind.title)}</h1>{place}{paragraphs}")


def index_html() -> str:
    """Return the list of every code for a browser."""
    rows = "".join(
        f'<tr><td><a href="{TYPE_BASE}{code}"><code>{code}</code></a></td><td>{kind.status}</td>'
        f"<td>{escape(kind.title)}</td></tr>"
        for code, kind in sorted(CATALOGUE.items())
    )
    return html_page(
        "Problems", f"<h1>Problems</h1><table><tr><th>Code</th><th>Status</th><th>Title</th></tr>{rows}</table>"
    )


def write_pages(folder: Path) -> None:
    """Write every page into a folder, and remove pages of codes that are gone."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = {f"{code}.md": markdown(code) for code in CATALOGUE} | {"index.md": index()}
    for path in folder.glob("*.md"):
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
