"""What acts: observation, discrete actions, network, player, and the checkpoint that holds them together."""
