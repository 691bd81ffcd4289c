//! Outcome scales: codes and sums only. The wording of HIT-6, MIDAS and CADSS belongs to its owners and is not shipped.
//!
//! A missing item is missing: nothing is prorated (clinical.md 8). PHQ-9 item 9 asks about suicidal thoughts; a one or
//! more, and just as much a blank, calls a prescriber the same day whatever the total says.

#[cfg(test)]
mod tests;

use super::chart::{ChartItem, ChartStatus, Entry, Listed, Statement};
use super::event::{Event, EventKind, Subject};
use super::id::{OutcomeScoreId, OutcomeScoreReviewId, StaffId};
use super::record::{Canonical, Record};
use super::refusal::{Clash, FieldError, FieldErrors, Refusal};
use super::task::{TaskAudience, TaskCause, TaskKind};
use super::text::checked;
use super::time::{Timestamp, day_bounds};
use jiff::tz::TimeZone;

words! {
    /// The scales, each in version 1 of its scoring.
    pub enum OutcomeScale {
        /// Numeric rating of pain, one number 0 to 10: now.
        NrsNow = "nrs_now",
        /// The worst of the last 24 hours.
        NrsWorst = "nrs_worst_24h",
        /// The average of the last 24 hours.
        NrsAverage = "nrs_average_24h",
        /// Headache impact test, six items.
        Hit6 = "hit6",
        /// Migraine disability assessment: five items, then headache days and mean pain, which are not summed.
        Midas = "midas",
        /// Patient health questionnaire, nine items.
        Phq9 = "phq9",
        /// Patient's global impression of change, one number 1 to 7.
        Pgic = "pgic",
    }

    /// For which moment of the treatment a score is meant.
    pub enum Timepoint {
        /// Before the series.
        Baseline = "baseline",
        /// At a visit.
        Session = "session",
        /// One day after.
        Hours24 = "hours_24",
        /// Three days after.
        Hours72 = "hours_72",
        /// A week after.
        Day7 = "day_7",
        /// Four weeks after.
        Day28 = "day_28",
        /// Three months after.
        Day90 = "day_90",
        /// Any other.
        Other = "other",
    }

    /// What a total means (clinical.md 8).
    pub enum ScoreBand {
        /// NRS 0.
        None = "none",
        /// PHQ-9 0 to 4.
        Minimal = "minimal",
        /// NRS 1 to 3, PHQ-9 5 to 9.
        Mild = "mild",
        /// NRS 4 to 6, PHQ-9 10 to 14.
        Moderate = "moderate",
        /// PHQ-9 15 to 19.
        ModeratelySevere = "moderately_severe",
        /// NRS 7 to 10, PHQ-9 20 to 27, HIT-6 60 to 78.
        Severe = "severe",
        /// HIT-6 36 to 49.
        LittleImpact = "little_impact",
        /// HIT-6 50 to 55.
        SomeImpact = "some_impact",
        /// HIT-6 56 to 59.
        SubstantialImpact = "substantial_impact",
        /// MIDAS 0 to 5.
        Grade1 = "grade_1",
        /// MIDAS 6 to 10.
        Grade2 = "grade_2",
        /// MIDAS 11 to 20.
        Grade3 = "grade_3",
        /// MIDAS 21 to 40.
        Grade4a = "grade_4a",
        /// MIDAS 41 and more.
        Grade4b = "grade_4b",
    }

    /// What PHQ-9 item 9 calls for.
    pub enum Item9 {
        /// Answered, and zero. It does not prove safety: sensitivity 0.69 S67.
        Zero = "zero",
        /// One or more.
        Positive = "positive",
        /// Not answered.
        Missing = "missing",
    }
}

/// Days that one MIDAS item can count: it looks three months back.
const MIDAS_DAYS: i64 = 92;
/// The only values a HIT-6 item has.
const HIT6_VALUES: [i64; 5] = [6, 8, 10, 11, 13];

/// Unchecked: a score as a body sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutcomeScoreFields<'a> {
    /// The scale.
    pub scale: OutcomeScale,
    /// For which moment.
    pub timepoint: Timepoint,
    /// The answers in order; null where an item was left out.
    pub items: &'a [Option<i64>],
    /// When the patient answered; now when absent.
    pub answered_at: Option<Timestamp>,
}

/// The answers to one scale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeScore {
    /// The scale.
    pub scale: OutcomeScale,
    /// For which moment.
    pub timepoint: Timepoint,
    /// The answers in order; none where an item was left out.
    pub items: Vec<Option<i64>>,
    /// When the patient answered.
    pub answered_at: Timestamp,
}

impl OutcomeScale {
    /// How many items the body lists.
    pub const fn item_count(self) -> usize {
        match self {
            Self::NrsNow | Self::NrsWorst | Self::NrsAverage | Self::Pgic => 1,
            Self::Hit6 => 6,
            Self::Midas => 7,
            Self::Phq9 => 9,
        }
    }

    /// How many of them, from the first, are summed.
    const fn summed(self) -> usize {
        match self {
            Self::Midas => 5,
            other => other.item_count(),
        }
    }

    /// Whether an item can have this value.
    fn takes(self, index: usize, value: i64) -> bool {
        match self {
            Self::NrsNow | Self::NrsWorst | Self::NrsAverage => (0..=10).contains(&value),
            Self::Pgic => (1..=7).contains(&value),
            Self::Hit6 => HIT6_VALUES.contains(&value),
            Self::Midas if index == 6 => (0..=10).contains(&value),
            Self::Midas => (0..=MIDAS_DAYS).contains(&value),
            Self::Phq9 => (0..=3).contains(&value),
        }
    }

    /// The values an item can have, in words.
    const fn values(self) -> &'static str {
        match self {
            Self::NrsNow | Self::NrsWorst | Self::NrsAverage => "must be 0 to 10",
            Self::Pgic => "must be 1 to 7",
            Self::Hit6 => "must be 6, 8, 10, 11 or 13",
            Self::Midas => "must be 0 to 92 days; the seventh item, mean pain, 0 to 10",
            Self::Phq9 => "must be 0 to 3",
        }
    }

    fn band(self, total: i64) -> Option<ScoreBand> {
        use ScoreBand as B;
        let bands: &[(i64, ScoreBand)] = match self {
            Self::NrsNow | Self::NrsWorst | Self::NrsAverage => {
                &[(0, B::None), (3, B::Mild), (6, B::Moderate), (10, B::Severe)]
            }
            Self::Hit6 => &[(49, B::LittleImpact), (55, B::SomeImpact), (59, B::SubstantialImpact), (78, B::Severe)],
            Self::Midas => {
                &[(5, B::Grade1), (10, B::Grade2), (20, B::Grade3), (40, B::Grade4a), (i64::MAX, B::Grade4b)]
            }
            Self::Phq9 => {
                &[(4, B::Minimal), (9, B::Mild), (14, B::Moderate), (19, B::ModeratelySevere), (27, B::Severe)]
            }
            Self::Pgic => &[],
        };
        bands.iter().find(|(last, _)| total <= *last).map(|(_, band)| *band)
    }
}

impl OutcomeScoreFields<'_> {
    /// Checks the fields; nothing was answered after `now`.
    pub fn parse(self, now: Timestamp, errors: &mut FieldErrors) -> Option<OutcomeScore> {
        let Self { scale, timepoint, items, .. } = self;
        if items.len() != scale.item_count() {
            let detail = format!("must list {} items, null for one that was left out", scale.item_count());
            errors.add("/items", "length", detail);
            return None;
        }
        for (index, value) in items.iter().enumerate() {
            if value.is_some_and(|value| !scale.takes(index, value)) {
                errors.add(format!("/items/{index}"), "range", scale.values());
            }
        }
        if items.iter().all(Option::is_none) {
            errors.add("/items", "required", "must hold at least one answer");
        }
        if scale == OutcomeScale::Midas {
            check_midas(items, errors);
        }
        let answered_at = self.answered_at.unwrap_or(now);
        if answered_at > now {
            errors.add("/answered_at", "future", "must not be in the future");
        }
        Some(OutcomeScore { scale, timepoint, items: items.to_vec(), answered_at })
    }
}

/// Items 2 and 4 leave out the days counted in 1 and 3, so each pair fits into the three months.
fn check_midas(items: &[Option<i64>], errors: &mut FieldErrors) {
    let pairs: Vec<&[Option<i64>]> = items.chunks_exact(2).take(2).collect();
    for (pair, pointer) in pairs.iter().zip(["/items/1", "/items/3"]) {
        let days = pair.iter().flatten().fold(0_i64, |sum, days| sum.saturating_add(*days));
        if days > MIDAS_DAYS {
            let detail = format!("with the item before it, must not exceed {MIDAS_DAYS} days");
            errors.take(Err::<(), _>(FieldError::new(pointer, "range", detail)));
        }
    }
}

impl OutcomeScore {
    /// The sum; none while an item that counts is missing.
    pub fn total(&self) -> Option<i64> {
        self.items.iter().take(self.scale.summed()).copied().sum()
    }

    /// What the sum means.
    pub fn band(&self) -> Option<ScoreBand> {
        self.scale.band(self.total()?)
    }

    /// What item 9 says, if the scale has one.
    pub fn item9(&self) -> Option<Item9> {
        if self.scale != OutcomeScale::Phq9 {
            return None;
        }
        Some(match self.items.get(8).copied().flatten() {
            None => Item9::Missing,
            Some(0) => Item9::Zero,
            Some(_) => Item9::Positive,
        })
    }

    /// Whether a prescriber has to look at it the same day.
    pub fn needs_review(&self) -> bool {
        matches!(self.item9(), Some(Item9::Positive | Item9::Missing))
    }
}

/// A prescriber's review of a score that called for one; without it the patient is not sent home (clinical.md 8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeScoreReview {
    /// Id.
    pub id: OutcomeScoreReviewId,
    /// The score.
    pub score: OutcomeScoreId,
    /// What was found and done: C-SSRS, plan, who was called.
    pub action: String,
    /// The prescriber.
    pub reviewed_by: StaffId,
    /// When.
    pub reviewed_at: Timestamp,
}

/// Reviews a score.
///
/// # Errors
/// When it calls for no review, was reviewed before, or the action is empty.
pub fn review(
    score: &Statement<OutcomeScore>,
    earlier: Option<&OutcomeScoreReview>,
    action: &str,
    entry: Entry<OutcomeScoreReviewId>,
) -> Result<(OutcomeScoreReview, Vec<Event>), Refusal> {
    let action = checked("/action", action, 1, 2_000)?;
    if !score.what.needs_review() {
        return Err(Refusal::clash(Clash::WrongState, "this score calls for no review"));
    }
    if earlier.is_some() {
        return Err(already_reviewed());
    }
    let review =
        OutcomeScoreReview { id: entry.id, score: score.id, action, reviewed_by: entry.by, reviewed_at: entry.at };
    let subject = Subject::new("outcome_score_review", review.id, 1);
    let event = Event::of_patient(EventKind::OutcomeScoreReviewed, score.patient, subject, review.record());
    Ok((review, vec![event]))
}

/// The work that a score makes which calls for a prescriber: to be done the same day of the clinic (clinical.md 10.20).
pub fn review_task(score: &Statement<OutcomeScore>, zone: &TimeZone) -> Option<TaskCause> {
    let (_, midnight) = day_bounds(score.recorded_at.date_in(zone), zone)?;
    let calls = score.status == ChartStatus::Active && score.what.needs_review();
    calls.then(|| TaskCause {
        kind: TaskKind::ClinicianReview,
        audience: TaskAudience::Prescriber,
        assignee: None,
        acted_by: None,
        subject: score.id.uuid(),
        session: None,
        patient: Some(score.patient),
        due_at: midnight,
    })
}

/// The scores that call for a review and have none: with one of these a patient is not sent home.
pub fn awaiting_review(list: &[Listed<OutcomeScore>], reviews: &[OutcomeScoreReview]) -> Vec<OutcomeScoreId> {
    list.iter()
        .filter(|listed| listed.stands() && listed.statement.what.needs_review())
        .map(|listed| listed.statement.id)
        .filter(|id| !reviews.iter().any(|review| review.score == *id))
        .collect()
}

/// The answer to a second review.
pub fn already_reviewed() -> Refusal {
    Refusal::clash(Clash::AlreadyDone, "this score was reviewed before")
}

impl OutcomeScoreReview {
    /// The canonical form whose hash goes into the trail.
    pub fn record(&self) -> Record {
        Record::new("outcome_score_review", 1)
            .with("id", self.id)
            .with("outcome_score_id", self.score)
            .with("action", &self.action)
            .with("reviewed_by", self.reviewed_by)
            .with("reviewed_at", self.reviewed_at)
    }
}

impl ChartItem for OutcomeScore {
    type Id = OutcomeScoreId;
    const KIND: &'static str = "outcome_score";
    const EVENT: EventKind = EventKind::OutcomeScoreRecorded;
    const STATUSES: &'static [ChartStatus] = &[ChartStatus::Active, ChartStatus::EnteredInError];

    fn fill(&self, record: Record) -> Record {
        let items: Vec<Canonical> = self.items.iter().map(|item| Canonical::from(*item)).collect();
        record
            .with("scale", self.scale.as_str())
            .with("timepoint", self.timepoint.as_str())
            .with("items", items)
            .with("answered_at", self.answered_at)
    }
}
