"""Files that leave the house, and lists that come in: the only importer of csv and xlsxwriter.

Rows are tuples; nothing here knows a model.
"""

from reports.export.checksum import rows_checksum
from reports.export.columns import (
    COLUMNS,
    DEFAULT_KEYS,
    PIECES,
    REPORT_COLUMNS,
    Cell,
    Column,
    Kind,
    columns_of,
)
from reports.export.csv_files import CSV_TYPE, csv_chunks
from reports.export.dialects import DATA, DIALECTS, EXCEL, Dialect
from reports.export.excel_codes import excel_will_change
from reports.export.names import content_disposition, file_name
from reports.export.safety import safe_text
from reports.export.seals import RowCountDiffers, encoded, sealed
from reports.export.tables import plain_cell, text_table
from reports.export.uploads import BadTable, TableRow, WrongEncoding, decode_upload, read_csv, read_table
from reports.export.xlsx_files import (
    MAX_ROWS,
    XLSX_TYPE,
    Sheet,
    TooManyRows,
    Written,
    info_sheet_name,
    report_sheet_name,
    unmatched_sheet_name,
    write_xlsx,
)

__all__ = [
    "COLUMNS",
    "CSV_TYPE",
    "DATA",
    "DEFAULT_KEYS",
    "DIALECTS",
    "EXCEL",
    "MAX_ROWS",
    "PIECES",
    "REPORT_COLUMNS",
    "XLSX_TYPE",
    "BadTable",
    "Cell",
    "Column",
    "Dialect",
    "Kind",
    "RowCountDiffers",
    "Sheet",
    "TableRow",
    "TooManyRows",
    "Written",
    "WrongEncoding",
    "columns_of",
    "content_disposition",
    "csv_chunks",
    "decode_upload",
    "encoded",
    "excel_will_change",
    "file_name",
    "info_sheet_name",
    "plain_cell",
    "read_csv",
    "read_table",
    "report_sheet_name",
    "rows_checksum",
    "safe_text",
    "sealed",
    "text_table",
    "unmatched_sheet_name",
    "write_xlsx",
]
