"""Pictures of what a network says of samples: confusion matrix, mistakes, the fitted curve."""
