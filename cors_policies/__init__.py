"""CORS policies for Django as data: edited in the admin and over REST, obeyed from the next request on."""

__version__ = "0.1.0"
