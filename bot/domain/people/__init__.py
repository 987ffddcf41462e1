"""People: what they tell Tagboat, what they consent to, and what they may not touch."""
