"""An admin teaches the recogniser a word by one command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ivr.config import Home, load_settings
from ivr.speech.lexicon.vocabulary import vocabulary

CHECKOUT = Home.find().root


def test_a_word_is_added_with_its_forms_and_the_bundled_model_stays_as_it_is(tmp_path: Path) -> None:
    for name in ("config", "dialplans", "models"):
        (tmp_path / name).symlink_to(CHECKOUT / name)
    done = subprocess.run(
        [sys.executable, "-m", "ivr", "models", "words", "add", "криптокабинет"],
        env={**os.environ, "IVR_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "криптокабинетом" in done.stdout
    home = Home(tmp_path)
    settings = load_settings(tmp_path / "config" / "ivr.yaml")
    assert {"криптокабинет", "криптокабинетом"} <= vocabulary(home.model(settings))
    assert "криптокабинет" not in vocabulary(CHECKOUT / settings.speech.model)
