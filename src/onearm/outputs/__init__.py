"""What people read: tables, figures, the report. Knows neither statistics nor rules."""

from onearm.outputs.format import Printer, printer_of
from onearm.outputs.headline import Headline, headlines_of
from onearm.outputs.present import present

__all__ = ["Headline", "Printer", "headlines_of", "present", "printer_of"]
