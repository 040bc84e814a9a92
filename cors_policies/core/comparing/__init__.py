"""Two sets side by side: what differs between them, and for whom."""
