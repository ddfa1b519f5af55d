"""What figures and pages share: colours, grounds, axes, and self-contained HTML pages."""
