"""The Compare tab: predicted scores against what people said, with the doubt shown."""
