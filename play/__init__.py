"""Playing: whoever acts, worlds of every kind, rollouts on record, evaluation, recording of demos."""

if __name__ != "basalt_iq.play":
    raise ImportError("import basalt_iq.play, which this folder is: under two names it would be two modules")
