"""A live view of the chain: what moves in each buffer, who is at fault, and what watching costs."""
