"""Where tasks get their addresses from."""
