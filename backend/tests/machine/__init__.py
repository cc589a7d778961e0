"""The life cycle as a state machine, driven through a store, against a model that knows nothing of our code."""
