"""The world: entities are rows of dense archetype tables, components are declared NumPy columns with changed ticks."""
