"""The buffers of the chain, one module each."""
