"""A package, though nothing needs it to be: Ciw installs one of this name too, and the one with this file comes first."""
