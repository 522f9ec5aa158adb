"""The demo as a process of its own: `python -m cli.demo_process URL`, with the token in COLLATERAL_TOKEN."""

import os
import sys

from cli.demo import run_demo
from cli.output import console
from client import ClientError

if __name__ == "__main__":
    try:
        run_demo(sys.argv[1], os.environ["COLLATERAL_TOKEN"], console())
    except ClientError as error:
        sys.exit(f"collateral: {error}")
