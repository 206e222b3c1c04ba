"""`prodigy.components.printers`."""

from bioactive.annotate.printers import (
    get_compare_printer,
    pretty_print,
    pretty_print_ner,
    pretty_print_tc,
    pretty_print_textcat,
)

__all__ = ["get_compare_printer", "pretty_print", "pretty_print_ner", "pretty_print_tc", "pretty_print_textcat"]
