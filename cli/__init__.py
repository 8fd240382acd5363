"""What a person or a CI job runs. Speaks only HTTP to the API."""
