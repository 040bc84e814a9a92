"""Other settings, carried over: those of django-cors-headers, as a policy set document."""
