"""What the rooms that train import: located errors, torch's classes by name, random generators.

Enters: nodes of the spec, errors of torch.
Leaves: SpecErrors with a location, a class with its arguments, the state of the random generators.
Public: diagnostics.spec_error, diagnostics.Collector, diagnostics.option_span, registry.choose, registry.Choice,
    registry.Family, families.losses, families.choose_transform, randomness.random_state, randomness.set_random_state.
"""
