"""Lanes at work: store, dispatcher, processor and a processor in trouble, together."""
