"""What do the subcommands do? Each gives a text and leaves printing and exit statuses to the command."""
