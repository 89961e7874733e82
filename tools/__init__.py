"""Programs of those who maintain the project; nothing that runs imports them."""
