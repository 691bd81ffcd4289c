//! Problems as they are sent.

use crate::domain::refusal::Unmet;
use serde::Serialize;
use utoipa::ToSchema;

/// The wire form of every error (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemView {
    /// A relative URI that names the kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "/problems/validation-failed")]
    pub kind: String,
    /// The same for every occurrence of this kind.
    #[schema(example = "Some values were refused")]
    pub title: String,
    /// The HTTP status.
    #[schema(example = 422, minimum = 400, maximum = 599)]
    pub status: u16,
    /// Stable, for programs.
    #[schema(example = "validation_failed")]
    pub code: String,
    /// Words for this occurrence; never patient data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The request, as in `X-Request-Id`.
    #[schema(example = "urn:uuid:01a20073-0b11-7d2e-9a51-3f0c5f2f9a10")]
    pub instance: String,
    /// What is wrong with which field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors: Option<Vec<FieldErrorView>>,
    /// In how many seconds to come again, as in `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<i64>,
    /// What stands in the way, all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocked_by: Option<Vec<UnmetView>>,
}

/// What is wrong with one field.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FieldError)]
pub struct FieldErrorView {
    /// JSON pointer into the body.
    #[schema(example = "/birth_date")]
    pub pointer: String,
    /// Stable, for programs.
    #[schema(example = "required")]
    pub code: String,
    /// What would be right.
    #[schema(example = "must not be empty")]
    pub detail: String,
}

/// One condition that stands in the way.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Unmet)]
pub struct UnmetView {
    /// Stable, for programs.
    #[schema(example = "consent_missing")]
    pub code: String,
    /// The rule.
    #[schema(example = "session.start.consent")]
    pub rule_id: String,
    /// The version of the rule or of the policy it read.
    pub rule_version: i64,
    /// Words a clinician can act on.
    pub text: String,
    /// What the rule asks for.
    pub limit: Option<String>,
    /// What was found.
    pub actual: Option<String>,
    /// Who may set it aside: `none`, `prescriber` or `two_person`.
    #[serde(rename = "override")]
    pub overridable: String,
    /// The request that would meet it.
    pub fix: Option<FixView>,
}

/// The request that would meet a condition.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Fix)]
pub struct FixView {
    /// HTTP method.
    pub method: String,
    /// Path.
    pub href: String,
    /// A role that may send it.
    pub role: String,
}

impl UnmetView {
    /// The wire form of a condition.
    pub fn of(unmet: &Unmet) -> Self {
        Self {
            code: unmet.code.to_owned(),
            rule_id: unmet.rule_id.to_owned(),
            rule_version: unmet.rule_version,
            text: unmet.text.clone(),
            limit: unmet.limit.clone(),
            actual: unmet.actual.clone(),
            overridable: unmet.overridable.as_str().to_owned(),
            fix: unmet.fix.as_ref().map(|fix| FixView {
                method: fix.method.to_owned(),
                href: fix.href.clone(),
                role: fix.role.to_owned(),
            }),
        }
    }
}
