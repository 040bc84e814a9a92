"""What is wrong with a set that is valid: what never acts, and whom it lets in."""
