"""Makes what lies in checkpoints/; never imports app."""
