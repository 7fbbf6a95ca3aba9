"""What people see of a run: progress, curves, TensorBoard, pictures of its results, times."""
