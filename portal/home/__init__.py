"""What a person sees first: the company's overview, the staff console."""
