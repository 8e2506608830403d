"""The application: command line, composition root, configuration, screens."""
