"""What each route means, without HTTP."""
