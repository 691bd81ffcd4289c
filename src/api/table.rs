//! Tables for a spreadsheet: RFC 4180, and no cell that a spreadsheet would run.

use std::fmt::Write as _;

/// A table with its head.
pub fn csv<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut out = String::new();
    line(&mut out, head.map(str::to_owned));
    for row in rows {
        line(&mut out, row);
    }
    out
}

/// One line of a table.
pub fn line(out: &mut String, cells: impl IntoIterator<Item = String>) {
    for (index, cell) in cells.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        // A spreadsheet runs a cell that begins like a formula; an apostrophe makes it text.
        let guard =
            if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<i64>().is_err() { "'" } else { "" };
        let _ = write!(out, "\"{guard}{}\"", cell.replace('"', "\"\""));
    }
    out.push_str("\r\n");
}
