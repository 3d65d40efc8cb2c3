"""What people read: tables, figures, the report. Knows neither statistics nor rules."""

from onearm.outputs.format import Printer, printer_of
from onearm.outputs.present import present

__all__ = ["Printer", "present", "printer_of"]
