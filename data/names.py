"""Names for recorded demonstrations, in the form of the real data sets, determined by what was recorded."""

from __future__ import annotations

import random
import zlib

_ADJECTIVES = "agile brisk calm daring eager fuzzy gentle hollow ivory jolly keen lively mellow nimble"
_FOODS = "apple biscuit carrot dumpling fig ginger hazelnut kiwi lemon mango noodle olive pear radish"
_MONSTERS = "banshee cyclops dragon golem gryphon hydra kelpie kraken minotaur ogre phoenix sphinx troll"


def _words(key: int | str) -> list[str]:
    choose = random.Random(key)
    return [choose.choice(words.split()) for words in (_ADJECTIVES, _FOODS, _MONSTERS)]


def stream_prefix(seed: int, what: str = "") -> str:
    """2021: v4_<adjective>_<food>_<monster>-<session>_, to be followed by <start>-<end>.

    `what` tells apart what is recorded on one seed, such as the plays of two people.
    """
    if not what:
        return f"v4_{'_'.join(_words(seed))}-{seed}_"
    return f"v4_{'_'.join(_words(f'{what}/{seed}'))}-{seed}{_number(what):010}_"


def demo_name(seed: int, what: str = "") -> str:
    """2022: <alias>-<session>, to be followed by date and time."""
    if not what:
        return f"{'-'.join(_words(seed))}-{seed:012x}"
    return f"{'-'.join(_words(f'{what}/{seed}'))}-{_number(what):08x}{seed:08x}"


def _number(what: str) -> int:
    return zlib.crc32(what.encode())
