"""What is answered: response models, built from domain values."""
