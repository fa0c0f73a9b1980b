"""The pages about marks, for companies and for staff."""
