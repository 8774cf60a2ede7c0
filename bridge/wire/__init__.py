"""What each peer says: text to frozen messages and back."""
