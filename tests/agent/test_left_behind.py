import os
import subprocess
from pathlib import Path

from ivr.agent.left_behind import own_folder


def test_what_a_killed_agent_left_is_cleared_and_a_living_ones_is_not(tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    dead = tmp_path / f"{ended.pid}-agent-abc"
    alive = tmp_path / f"{os.getpid()}-agent-abc"
    speech = tmp_path / "speech"
    for folder in (dead, alive, speech):
        folder.mkdir()
    asterisk = subprocess.Popen(["sleep", "60"])
    started = Path(f"/proc/{asterisk.pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    (dead / "agent.pid").write_text(f"{asterisk.pid} {started}")
    folder = own_folder(tmp_path)
    assert not folder.exists()
    assert folder.parent == tmp_path
    assert not dead.exists()
    assert alive.exists()
    assert speech.exists()
    assert asterisk.wait(5) != 0
