"""`python -m embedded.compile`: compile every kernel into the cache, and print the cache's folder last."""

import sys

if __name__ == "__main__":
    from compute.jit import cache_folder
    from compute.warmup import warm
    from services.costs import calibrate

    warm()
    calibrate()
    sys.stdout.write(f"{cache_folder() or ''}\n")
