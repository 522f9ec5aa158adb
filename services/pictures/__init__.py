"""Results as pictures: SVG that is readable in black and white, and says its currency, date, model and version."""

from services.pictures.draw import PICTURES, draw, require_picture

__all__ = ["PICTURES", "draw", "require_picture"]
