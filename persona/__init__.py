"""Who is speaking, and what they answer: text in, text out."""
