from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
_IMPORT = re.compile(r"^from (ivr[.\w]*) import", re.MULTILINE)
_PROGRAM = """
import importlib, sys
refused = set(sys.argv[1].split(","))
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in refused:
            raise ModuleNotFoundError(f"the recipe has no {name}")
sys.meta_path.insert(0, Refuse())
for name in sys.argv[2].split(","):
    importlib.import_module(name)
"""


def packages(requirements: str) -> set[str]:
    lines = (ROOT / requirements).read_text(encoding="utf-8").splitlines()
    names = (re.match(r"[\w-]+", line) for line in lines)
    return {name.group().replace("-", "_").replace("pyyaml", "yaml") for name in names if name}


def test_what_the_recipe_takes_from_the_product_needs_only_the_recipes_own_packages() -> None:
    sources = (ROOT / "models" / "recipe").glob("*.py")
    modules = sorted({name for file in sources for name in _IMPORT.findall(file.read_text(encoding="utf-8"))})
    assert "ivr.speech.topics" in modules
    missing = packages("requirements.in") - packages("models/recipe/requirements.in")
    assert "pydantic" in missing
    told = subprocess.run(
        [sys.executable, "-c", _PROGRAM, ",".join(missing), ",".join(modules)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
