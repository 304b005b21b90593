"""Reports read results: terminal tables, figures and a page. They know nothing of the world that was simulated."""
