"""Helpers of the packages that train: errors with a location, torch's classes by name, random generators.

Input: nodes of the spec, errors of torch.
Output: SpecErrors with a location, a class with its arguments, the state of the random generators.
Public: diagnostics.spec_error, diagnostics.Collector, diagnostics.option_span, registry.choose, registry.Choice,
    families.choose_loss, families.choose_transform, randomness.random_state, randomness.set_random_state.
"""
