"""Run by the Python of an environment that holds minerl 0.4.4: reads a data set with its own reader.

    python read_with_minerl.py ROOT ENV_ID OUT.npz

For every stream: <name>/<array> as `load_data` yields it; under batches/, what BufferedBatchIter yields.
"""

import sys

import minerl
import numpy as np
from minerl.data import BufferedBatchIter


def flatten(tree, prefix=""):
    for key, value in tree.items():
        if hasattr(value, "items"):
            yield from flatten(value, f"{prefix}{key}/")
        else:
            yield prefix + key, value


def collect(rows):
    """Arrays of lists of (observation, action, reward, next observation, done)."""
    columns = {}
    for observation, action, reward, following, done in rows:
        record = {"reward": reward, "done": done, "next_pov": following["pov"]}
        record.update(("observation/" + key, value) for key, value in flatten(observation))
        record.update(("action/" + key, value) for key, value in flatten(action))
        for key, value in record.items():
            columns.setdefault(key, []).append(np.asarray(value))
    return columns


def main(root, environment, out):
    data = minerl.data.make(environment, data_dir=root, num_workers=1)
    arrays = {}
    for name in data.get_trajectory_names():
        for key, values in collect(data.load_data(name)).items():
            arrays[name + "/" + key] = np.stack(values)
    batches = BufferedBatchIter(data, buffer_target_size=1000).buffered_batch_iter(batch_size=5, num_epochs=1)
    for key, values in collect(batches).items():
        arrays["batches/" + key] = np.concatenate(values)
    np.savez(out, **arrays)


if __name__ == "__main__":
    main(*sys.argv[1:])
