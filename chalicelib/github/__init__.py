"""GitHub: whether a delivery is GitHub's, what it tells, what is deployed because of it, and how that goes.

All of it is pure but `client`.
"""
