"""What a paper printed, and whether its numbers can be right."""
