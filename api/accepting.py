"""The Accept header, as far as there is a choice: JSON, or a picture."""

from fastapi import Request

SVG = "image/svg+xml"
_JSON = ("application/json", "application/*", "*/*")


def wants_picture(request: Request) -> bool:
    """Return whether the caller would rather have SVG than JSON; of equal wishes the first counts."""
    wishes: list[tuple[float, str]] = []
    for item in ",".join(request.headers.getlist("accept")).split(","):
        media, _, parameters = item.partition(";")
        name = media.strip().lower()
        if name in {SVG, "image/*", *_JSON}:
            wishes.append((_quality(parameters), name))
    best = max(wishes, key=lambda wish: wish[0], default=(1.0, "*/*"))
    return best[0] > 0.0 and best[1] not in _JSON


def _quality(parameters: str) -> float:
    for part in parameters.split(";"):
        name, _, value = part.partition("=")
        if name.strip().lower() == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0
