//! What a patient answers one by one, beside the signature: ticks, and initials where a rule of conduct is meant
//! (clinical.md 6). A refusal is an answer and is kept like any other.

use crate::domain::record::Record;
use crate::domain::refusal::{FieldErrors, Unmet};
use crate::domain::text;

words! {
    /// What is answered one by one.
    pub enum ItemId {
        /// No driving or great decisions until the next day, escort, fasting, no alcohol.
        Aftercare = "aftercare",
        /// Rescue drugs and emergency transfer, agreed to beforehand.
        RescueAndTransfer = "rescue_and_transfer",
        /// How the record is kept and who may see it.
        Privacy = "privacy",
        /// What it costs, and that insurance may not pay.
        Cost = "cost",
        /// Photographs or recordings.
        Photographs = "photographs",
        /// Students or other observers in the room.
        Students = "students",
        /// That questions were answered.
        QuestionsAnswered = "questions_answered",
        /// That a copy was offered, and whether it was taken.
        CopyGiven = "copy_given",
    }

    /// What the patient said to one of them.
    pub enum ItemAnswer {
        /// Yes.
        Accepted = "accepted",
        /// No.
        Declined = "declined",
    }
}

impl ItemId {
    /// Whether it is answered with initials and not with a tick.
    pub const fn wants_initials(self) -> bool {
        matches!(self, Self::Aftercare)
    }

    /// Whether treatment is possible for a patient who says no to it.
    pub const fn may_be_declined(self) -> bool {
        matches!(self, Self::Photographs | Self::Students | Self::CopyGiven)
    }
}

/// An item of a form, found in the text by the line that states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Which.
    pub id: ItemId,
    /// The line of the text that states it, exactly.
    pub statement: String,
}

/// A patient's answer to one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemReply {
    /// Which.
    pub id: ItemId,
    /// Yes or no.
    pub answer: ItemAnswer,
    /// The patient's initials, where they are asked for.
    pub initials: Option<String>,
}

impl ItemReply {
    /// As part of the canonical record of a signature.
    pub(super) fn record(&self) -> Record {
        Record::group()
            .with("id", self.id.as_str())
            .with("answer", self.answer.as_str())
            .with("initials", self.initials.as_ref())
    }

    /// Why a consent with this answer cannot come into force.
    pub(super) fn obstacle(&self) -> Option<Unmet> {
        (self.answer == ItemAnswer::Declined && !self.id.may_be_declined()).then(|| {
            let text = "The patient declined a part without which treatment cannot begin; the answer is kept.";
            Unmet::new("consent_item_declined", "consent.sign.items", text).figures("accepted", self.id.as_str())
        })
    }
}

/// Notes what is wrong with these answers to a form's items: each once, none left out, none of another form.
pub(super) fn check(items: &[Item], replies: &[ItemReply], errors: &mut FieldErrors) {
    for (index, reply) in replies.iter().enumerate() {
        if !items.iter().any(|item| item.id == reply.id) {
            errors.add(format!("/items/{index}/id"), "not_in_form", "the form does not ask this");
        }
        if replies.iter().take(index).any(|earlier| earlier.id == reply.id) {
            errors.add(format!("/items/{index}/id"), "duplicate", "each is answered once");
        }
        let pointer = format!("/items/{index}/initials");
        match (&reply.initials, reply.id.wants_initials() && reply.answer == ItemAnswer::Accepted) {
            (Some(initials), true) => {
                errors.take(text::checked(&pointer, initials, 1, 10));
            }
            (None, true) => errors.add(pointer, "required", "the patient answers this one with initials"),
            (Some(_), false) => errors.add(pointer, "unexpected", "this one is answered with a tick"),
            (None, false) => {}
        }
    }
    for item in items.iter().filter(|item| !replies.iter().any(|reply| reply.id == item.id)) {
        errors.add("/items", "required", format!("say what the patient answered to {}", item.id));
    }
}
