//! Lists as CSV (RFC 4180), for a spreadsheet: the same page as the JSON, with the next one in `Link`.
//!
//! A spreadsheet runs what begins like a formula, so a cell that does gets an apostrophe in front (OWASP, CSV injection).

use super::problem::Problem;
use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header;

words! {
    /// The form of a list.
    pub enum ListFormat {
        /// JSON.
        Json = "json",
        /// CSV.
        Csv = "csv",
    }
}

/// Whether a list is wanted as CSV: `format` says so, or else `Accept`.
pub fn wanted(request: &HttpRequest, format: Option<ListFormat>) -> bool {
    let accepts = |value: &header::HeaderValue| {
        let first = value.to_str().ok().and_then(|value| value.split([',', ';']).next()).unwrap_or_default();
        first.trim().eq_ignore_ascii_case("text/csv")
    };
    match format {
        Some(format) => format == ListFormat::Csv,
        None => request.headers().get(header::ACCEPT).is_some_and(accepts),
    }
}

/// One page as CSV: a line of names, and a line for each item.
///
/// # Errors
/// When the place of the next page makes no header.
pub fn page(
    names: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
    next: Option<String>,
) -> Result<HttpResponse, Problem> {
    let mut text = line(names.iter().map(|name| (*name).to_owned()));
    for row in rows {
        text.push_str(&line(row));
    }
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"));
    if let Some(next) = next {
        response.insert_header((header::LINK, format!("<{next}>; rel=\"next\"")));
    }
    Ok(response.body(text))
}

/// The address of the next page of a list that was asked for with this request: the same question from `name=place` on.
pub fn next_page(request: &HttpRequest, name: &str, place: &str) -> String {
    let same = form_urlencoded::parse(request.query_string().as_bytes()).filter(|(key, _)| key != name);
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(same).append_pair(name, place);
    format!("{}?{}", request.path(), query.finish())
}

/// What a cell shows of a value that may be absent.
pub fn cell(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn line(cells: impl IntoIterator<Item = String>) -> String {
    let cells: Vec<String> = cells.into_iter().map(|cell| quoted(&cell)).collect();
    cells.join(",") + "\r\n"
}

/// A cell, so that it holds together and runs nowhere.
fn quoted(cell: &str) -> String {
    let runs = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let safe = if runs { format!("'{cell}") } else { cell.to_owned() };
    if safe.contains(['"', ',', '\r', '\n', '\'']) { format!("\"{}\"", safe.replace('"', "\"\"")) } else { safe }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_holds_together_and_runs_nowhere() {
        let cases = [
            ("", ""),
            ("plain", "plain"),
            ("a, b", "\"a, b\""),
            ("she said \"no\"", "\"she said \"\"no\"\"\""),
            ("two\r\nlines", "\"two\r\nlines\""),
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("+1 555 0101", "\"'+1 555 0101\""),
            ("-2+3", "\"'-2+3\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
            ("a=b", "a=b"),
            ("王小明", "王小明"),
        ];
        for (given, expected) in cases {
            assert_eq!(quoted(given), expected);
        }
        assert_eq!(line(["a".to_owned(), "b,c".to_owned()]), "a,\"b,c\"\r\n");
    }

    /// Whatever a cell holds, a reader of CSV gets it back, but for the apostrophe that disarms it.
    #[test]
    fn a_reader_gets_every_cell_back() {
        for cell in ["\"", "\"\"", ",", "=\"", "a\"b,c\r\n", "'", "''="] {
            let text = quoted(cell);
            let inner = match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
                Some(inner) => inner.replace("\"\"", "\""),
                None => text,
            };
            assert_eq!(inner.trim_start_matches(|c| c == '\'' && inner != cell), cell, "{cell:?}");
        }
    }
}
