"""The pages of appeals."""
