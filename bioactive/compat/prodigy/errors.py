"""`prodigy.errors`."""

from bioactive.annotate.recipe_files import RecipeError

__all__ = ["RecipeError"]
