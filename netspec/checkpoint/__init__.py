"""A run on the disk: its folder, its facts and its lock, checkpoints, and what several processes gather for them."""
