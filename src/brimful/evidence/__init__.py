"""What is known of one machine: frames of numbers, events and facts, each with an origin that can be printed."""
