"""The pure core: what policies mean, without Django, without I/O, without a clock."""
