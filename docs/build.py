"""Write the pages that are generated from code; a test fails when they are out of date."""

import sys
from pathlib import Path

from core.settings import FIELDS

HERE = Path(__file__).parent
SETTINGS_HEAD = """# Settings

Every environment variable that the project reads, from `core/settings.py` (this page is written by `make docs`). All
are validated at start: a process with a value that cannot be used says which, and does not start. *Later* marks a
variable of the earlier engine that is read and validated, and that no feature uses yet.

| Variable | Default | What it does |
|---|---|---|
"""


def settings_page() -> str:
    """Return the table of settings as Markdown."""
    rows = []
    for item in FIELDS:
        default = item.default if item.default != "" else "none"
        later = " *Later.*" if item.metadata["later"] else ""
        rows.append(f"| `{item.metadata['env']}` | {default} | {item.metadata['doc']}{later} |\n")
    return SETTINGS_HEAD + "".join(rows)


PAGES = {HERE / "settings.md": settings_page}


def main() -> None:
    """Write every generated page and name it."""
    for path, page in PAGES.items():
        path.write_text(page(), encoding="utf-8")
        sys.stdout.write(f"{path.relative_to(HERE.parent)}\n")


if __name__ == "__main__":
    main()
