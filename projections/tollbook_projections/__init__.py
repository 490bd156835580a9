"""Pure folds of tollbook: from recorded events to tolls, displacement and revisions."""
