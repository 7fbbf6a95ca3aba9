"""Several processes: the group that they are, the model spread over them, their launcher."""
