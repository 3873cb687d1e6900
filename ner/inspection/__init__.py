"""Looking inside a trained model: gates, transitions, plots and HTML."""
