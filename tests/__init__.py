"""What holds, said in sentences."""
