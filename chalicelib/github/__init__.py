"""GitHub: whether a delivery is GitHub's, what it tells, and what is to be deployed because of it. Pure."""
