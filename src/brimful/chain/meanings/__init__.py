"""The vocabulary, part by part of the chain."""
