"""Quality of the figures: coherence of sources, revisions, punctuality and completeness."""
