"""What a person would have seen, beside the agent's picture."""

import pytest

from basalt_iq.cli import main
from basalt_iq.play.episode import load_all
from basalt_iq.play.filming import Filming
from basalt_iq.video import read_video
from basalt_iq.world import make


@pytest.mark.parametrize("who", ["agent", "scripted"])
def test_an_evaluation_keeps_both_pictures(who, checkpoint, tmp_path):
    words = ["--run", str(checkpoint)] if who == "agent" else ["--player", "scripted", "--task", "FindCave"]
    out = ["--out", str(tmp_path / "out"), "--max-steps", "8", "--episodes", "2", "--workers", "1"]
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", *words, *out, "--large", "--near"])
    assert ended.value.code == 0
    for episode in load_all(tmp_path / "out"):
        large, small = list(read_video(episode.shown)), list(read_video(episode.video))
        assert len(large) == len(small) == episode.facts.steps + 1
        assert large[0].shape == (360, 640, 3)
        assert small[0].shape == (64, 64, 3)
        assert abs(float(large[-1].mean()) - float(small[-1].mean())) < 40
    assert not list((tmp_path / "out").glob(".seed*"))


def test_what_is_cut_short_leaves_no_film(tmp_path):
    env = Filming(make("FindCave", max_steps=5), tmp_path)
    env.reset(seed=1)
    env.step({})
    env.reset(seed=2)
    env.close()
    assert list(tmp_path.iterdir()) == []


def test_other_worlds_have_no_second_picture(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", "--run", str(tmp_path), "--world", "minerl-0.4", "--large"])
    assert ended.value.code == 2
    assert "--large: only the stand-in" in capsys.readouterr().err.replace("\n", " ")
