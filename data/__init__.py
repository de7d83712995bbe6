"""Demonstrations: readers and writers of both formats, the checker, the store, the sequence sampler."""

if __name__ != "basalt_iq.data":
    raise ImportError("import basalt_iq.data, which this folder is: under two names it would be two modules")
