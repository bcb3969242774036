"""The vocabulary: stages, owners, meanings and places. Pure values, no input or output."""
