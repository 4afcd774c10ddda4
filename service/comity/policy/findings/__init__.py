"""Static findings: what is odd about a whole set of rules although every file is right."""
