"""What acts: observation, discrete actions, network, checkpoint."""

if __name__ != "basalt_iq.agent":
    raise ImportError("import basalt_iq.agent, which this folder is: under two names it would be two modules")
