"""The development server: builds while you write, and shows it in the browser."""
