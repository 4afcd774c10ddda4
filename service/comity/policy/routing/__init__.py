"""Requests of authorities for user data: the law compiled, and the route that it gives."""
