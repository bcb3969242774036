"""What brimful knows, in the forms that other systems take in."""
