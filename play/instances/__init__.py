"""What runs in a world's own interpreter: an environment at the end of a pipe. Nothing here imports ours."""
