"""Names for recorded demonstrations, in the form of the real data sets, determined by the seed."""

from __future__ import annotations

import random

_ADJECTIVES = "agile brisk calm daring eager fuzzy gentle hollow ivory jolly keen lively mellow nimble"
_FOODS = "apple biscuit carrot dumpling fig ginger hazelnut kiwi lemon mango noodle olive pear radish"
_MONSTERS = "banshee cyclops dragon golem gryphon hydra kelpie kraken minotaur ogre phoenix sphinx troll"


def _words(seed: int) -> list[str]:
    choose = random.Random(seed)
    return [choose.choice(words.split()) for words in (_ADJECTIVES, _FOODS, _MONSTERS)]


def stream_prefix(seed: int) -> str:
    """2021: v4_<adjective>_<food>_<monster>-<session>_, to be followed by <start>-<end>."""
    return f"v4_{'_'.join(_words(seed))}-{seed}_"


def demo_name(seed: int) -> str:
    """2022: <alias>-<session>, to be followed by date and time."""
    return f"{'-'.join(_words(seed))}-{seed:012x}"
