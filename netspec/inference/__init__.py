"""A run that exists → its network, predictions and scores, on its own data or on files."""
