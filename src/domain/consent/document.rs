//! The document a patient is shown and signs: the form's exact text under a head that says whose it is and what it
//! covers. Plain text, because what was signed has to be readable in thirty years without any program of ours.

use super::scope::Scope;
use super::template::ConsentTemplate;
use crate::domain::route::Route;
use crate::domain::time::{Date, Timestamp};
use std::fmt::Write as _;

/// The media type of every document.
pub const MEDIA_TYPE: &str = "text/plain; charset=utf-8";

/// What the head of a document says beside the form and the scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown<'a> {
    /// The clinic, as printed.
    pub clinic: &'a str,
    /// The patient's name, as printed.
    pub patient: &'a str,
    /// The patient's date of birth.
    pub birth_date: Date,
    /// When it was presented.
    pub at: Timestamp,
}

/// The exact bytes that are shown, hashed and signed.
pub fn document(form: &ConsentTemplate, scope: &Scope, shown: Shown<'_>) -> Vec<u8> {
    let content = &form.content;
    let mut out = String::with_capacity(content.text.len() + 1024);
    let mut line = |label: &str, value: &str| {
        let _ = writeln!(out, "{label}: {}", on_one_line(value));
    };
    line("Consent", &content.title);
    line("Clinic", shown.clinic);
    line("Patient", shown.patient);
    line("Born", &shown.birth_date.to_string());
    line("Presented", &shown.at.to_string());
    line("Form", &format!("{} version {}, language {}", content.code, form.form_version, content.language));
    line("SHA-256 of the form's text", &form.sha256.to_string());
    line("Covers the routes", &scope.routes.iter().map(|route| route_name(*route)).collect::<Vec<_>>().join(", "));
    line(
        "Covers at most",
        &format!("{} mg of ketamine in one visit for each kg of body weight that day", scope.max_dose),
    );
    line("Covers the diagnoses", &scope.diagnoses());
    line("Valid for", &format!("{} days from the last signature, unless withdrawn before", content.validity_days));
    let _ = write!(out, "\n{}", content.text);
    out.into_bytes()
}

/// No name can add a line to the head.
fn on_one_line(value: &str) -> String {
    value.chars().map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c }).collect()
}

const fn route_name(route: Route) -> &'static str {
    match route {
        Route::Iv => "intravenous infusion",
        Route::Nebulized => "nebulizer",
    }
}
