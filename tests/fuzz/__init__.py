"""What a stranger with a link might send, made up at random: ``python -m tests.fuzz``."""
