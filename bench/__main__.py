"""Runs the benches: a table for people, `var/bench.json` for programs.

A bench is a file of this directory whose `measure()` answers `{"value", "unit", "baseline", "how"}`; its name is the
file's. `baseline` is the figure to be compared with; `ratio` is value / baseline.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import inspect
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
_RESULTS = _HERE.parent / "var" / "bench.json"


def main() -> int:
    """Run all benches, or the one named; 1 when any of them failed."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--only", metavar="NAME", help="one bench")
    only = parser.parse_args().only
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # `kill` clears up as Ctrl-C does
    names = sorted(file.stem for file in _HERE.glob("*.py") if "def measure(" in file.read_text(encoding="utf-8"))
    names.remove("__main__")
    if only and only not in names:
        sys.stderr.write(f'no bench "{only}"; there are: {", ".join(names)}\n')
        return 1
    failed = 0
    for name in [only] if only else names:
        began = time.perf_counter()
        try:
            figures = _run(name)
        except Exception as error:  # noqa: BLE001 - one bench that can't run must not hide the others
            failed += 1
            sys.stderr.write(f"{name}: {type(error).__name__}: {error}\n")
            continue
        _print(name, figures, time.perf_counter() - began)
        _keep(name, figures)
    return 1 if failed else 0


def _run(name: str) -> dict[str, Any]:
    answer = importlib.import_module(f"bench.{name}").measure()
    figures: dict[str, Any] = asyncio.run(answer) if inspect.iscoroutine(answer) else answer
    value, baseline = figures["value"], figures["baseline"]
    return {**figures, "ratio": round(value / baseline, 4) if baseline else None}


def _print(name: str, figures: dict[str, Any], seconds: float) -> None:
    print(f"{name:32} {figures['value']:>12} {figures['unit']:12} baseline {figures['baseline']}  ({seconds:.0f} s)")
    print(f"{'':32} {figures['how']}", flush=True)


def _keep(name: str, figures: dict[str, Any]) -> None:
    """Write one result beside the earlier ones of other benches."""
    kept = json.loads(_RESULTS.read_text(encoding="utf-8")) if _RESULTS.exists() else {}
    kept[name] = {key: figures[key] for key in ("value", "unit", "baseline", "ratio", "how")}
    _RESULTS.parent.mkdir(exist_ok=True)
    _RESULTS.write_text(json.dumps(kept, indent=2, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
