"""What learns: objectives, learner, replay, the loop, runs that resume."""

if __name__ != "basalt_iq.train":
    raise ImportError("import basalt_iq.train, which this folder is: under two names it would be two modules")
