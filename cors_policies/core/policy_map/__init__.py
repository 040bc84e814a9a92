"""What stands where: hosts and path patterns as a tree, and views placed in it."""
