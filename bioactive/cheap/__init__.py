"""Labels that cost little: from term lists, other pipelines, language models and other people's files."""
