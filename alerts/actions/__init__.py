"""What people are called to, and what they answered."""
