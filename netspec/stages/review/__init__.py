"""The review: rules that look at a spec as a person would. `stages.reviewing` lists them."""
