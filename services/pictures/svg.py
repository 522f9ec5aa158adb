"""A small SVG writer: shapes as text, everything that came from outside escaped."""

from collections.abc import Sequence
from html import escape

FONT = "font-family='Helvetica, Arial, sans-serif'"
INK, PALE = "#111", "#bbb"
HATCH = "hatch"
PLAIN, SOLID, HATCHED = "#fff", "#444", f"url(#{HATCH})"


def document(width: float, height: float, shapes: Sequence[str], *, title: str, about: str) -> str:
    """Return a whole SVG document; `title` and `about` are what a screen reader reads."""
    pattern = (
        f"<defs><pattern id='{HATCH}' width='6' height='6' patternUnits='userSpaceOnUse' "
        f"patternTransform='rotate(45)'><rect width='6' height='6' fill='#fff'/>"
        f"<line x1='0' y1='0' x2='0' y2='6' stroke='{INK}' stroke-width='2'/></pattern></defs>"
    )
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width:g} {height:g}' width='{width:g}' "
        f"height='{height:g}' role='img'><title>{escape(title)}</title><desc>{escape(about)}</desc>{pattern}"
        f"<rect width='100%' height='100%' fill='#fff'/>{''.join(shapes)}</svg>\n"
    )


def text(x: float, y: float, words: str, *, size: float = 12, anchor: str = "start", bold: bool = False) -> str:
    """Return a line of text whose baseline is at y."""
    weight = " font-weight='bold'" if bold else ""
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' font-size='{size:g}' text-anchor='{anchor}' fill='{INK}' {FONT}{weight}>"
        f"{escape(words)}</text>"
    )


def bar(x: float, y: float, width: float, height: float, fill: str) -> str:
    """Return an outlined rectangle; a height or width below zero reaches the other way."""
    left, top = min(x, x + width), min(y, y + height)
    return (
        f"<rect x='{left:.1f}' y='{top:.1f}' width='{abs(width):.1f}' height='{abs(height):.1f}' fill='{fill}' "
        f"stroke='{INK}' stroke-width='1'/>"
    )


def line(x1: float, y1: float, x2: float, y2: float, *, dashed: bool = False, ink: str = INK) -> str:
    """Return a straight line."""
    dash = " stroke-dasharray='3 3'" if dashed else ""
    return f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{ink}'{dash}/>"
