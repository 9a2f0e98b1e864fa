"""Pages of sections: tables that sort, figures with their data, utterances to listen to."""

from fsaasr.report.page.blocks import (
    Block,
    Cell,
    Details,
    Drawing,
    Figure,
    Heard,
    Page,
    Points,
    Section,
    Table,
    Text,
    Utterance,
    number_cell,
    table_of,
)
from fsaasr.report.page.render import render_page, write_page

__all__ = [
    "Block",
    "Cell",
    "Details",
    "Drawing",
    "Figure",
    "Heard",
    "Page",
    "Points",
    "Section",
    "Table",
    "Text",
    "Utterance",
    "number_cell",
    "render_page",
    "table_of",
    "write_page",
]
