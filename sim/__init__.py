"""A discrete-event traffic simulator for request-handling architectures."""
