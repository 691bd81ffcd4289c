//! A consent on paper: the document as it was shown, what was answered, who signed and what that means, and everything
//! that happened to it since (21 CFR 11.50).

use super::super::print::{Block, Sheet, Signed};
use super::drawing;
use crate::domain::consent::{
    CapacityStatement, Consent, ConsentState, ConsentTemplate, Ending, Signature, SignerRole, Withdrawal,
};
use crate::domain::digest::Sha256;
use crate::domain::time::Timestamp;
use jiff::tz::TimeZone;

/// Everything that is printed of a consent.
pub struct Printed<'a> {
    /// The consent.
    pub consent: &'a Consent,
    /// The form version it is on.
    pub form: &'a ConsentTemplate,
    /// The document, byte for byte.
    pub document: &'a [u8],
    /// Who signed it.
    pub signatures: &'a [Signature],
    /// What was withdrawn.
    pub withdrawals: &'a [Withdrawal],
    /// The clinic's zone: times are printed as they were on its wall.
    pub zone: &'a TimeZone,
    /// Now, for the label only.
    pub now: Timestamp,
}

fn fact(label: &str, words: impl Into<String>) -> (String, String) {
    (label.to_owned(), words.into())
}

impl Printed<'_> {
    /// The page. Nothing in it depends on when it is printed but the label of a consent that has run out.
    pub fn sheet(&self) -> Sheet {
        let consent = self.consent;
        let text = String::from_utf8_lossy(self.document);
        let patient = text.lines().find_map(|line| line.strip_prefix("Patient: ")).unwrap_or_default().to_owned();
        let mut blocks = Vec::new();
        if Sha256::of(self.document) != consent.document_sha256 {
            let words = "The stored document no longer has the hash that was signed. Do not rely on it.";
            blocks.push(Block::Warning(words.to_owned()));
        }
        if let Some(words) = self.standing() {
            blocks.push(Block::Warning(words));
        }
        self.document_as_shown(&text, &mut blocks);
        self.answers(&mut blocks);
        self.signed(&mut blocks);
        self.amendments(&mut blocks);
        Sheet {
            language: consent.form.language.clone(),
            title: self.form.content.title.clone(),
            subtitle: patient,
            foot: format!("Consent {} · document SHA-256 {}", consent.id, consent.document_sha256),
            blocks,
        }
    }

    fn standing(&self) -> Option<String> {
        let state = self.consent.state_at(self.now);
        let words = match state {
            ConsentState::Active => return None,
            ConsentState::Draft => "Not in force: not signed by everybody.",
            ConsentState::Withdrawn => "Not in force: withdrawn. See the amendments.",
            ConsentState::Expired => "Not in force: its time has run out.",
            ConsentState::Superseded => "Not in force: a newer consent took its place.",
            ConsentState::Voided => "Not in force: a draft made in error.",
        };
        Some(words.to_owned())
    }

    /// The head as a table, then the form line by line; the headings of its clauses stand out.
    fn document_as_shown(&self, text: &str, blocks: &mut Vec<Block>) {
        blocks.push(Block::Section("The document as it was shown".to_owned()));
        let (head, body) = text.split_once("\n\n").unwrap_or(("", text));
        let label = |line: &str| {
            let (label, words) = line.split_once(": ").unwrap_or((line, ""));
            fact(label, words)
        };
        blocks.push(Block::Facts(head.lines().map(label).collect()));
        for line in body.lines().filter(|line| !line.trim().is_empty()) {
            let heading = self.form.content.clauses.iter().any(|clause| clause.heading == line);
            let block = if heading { Block::Heading } else { Block::Paragraph };
            blocks.push(block(line.to_owned()));
        }
    }

    fn answers(&self, blocks: &mut Vec<Block>) {
        let replies = self.signatures.iter().flat_map(|signature| &signature.items);
        let line = |reply: &crate::domain::consent::ItemReply| {
            let item = self.consent.form.items.iter().find(|item| item.id == reply.id);
            let statement = item.map_or(reply.id.as_str(), |item| item.statement.as_str()).to_owned();
            let initials = reply.initials.as_ref().map(|initials| format!(", initials {initials}"));
            Block::Facts(vec![(reply.answer.as_str().to_owned() + &initials.unwrap_or_default(), statement)])
        };
        let lines: Vec<Block> = replies.map(line).collect();
        if !lines.is_empty() {
            blocks.push(Block::Section("Answered one by one".to_owned()));
            blocks.extend(lines);
        }
    }

    fn signed(&self, blocks: &mut Vec<Block>) {
        blocks.push(Block::Section("Signatures".to_owned()));
        if self.signatures.is_empty() {
            blocks.push(Block::Paragraph("Nobody has signed.".to_owned()));
        }
        blocks.extend(self.signatures.iter().map(|signature| Block::Signature(self.signature(signature))));
    }

    fn signature(&self, signature: &Signature) -> Signed {
        let role = match signature.role {
            SignerRole::Patient => "patient",
            SignerRole::Surrogate => "who decides for the patient",
            SignerRole::Prescriber => "explaining prescriber",
            SignerRole::Witness => "witness",
            SignerRole::Interpreter => "interpreter",
        };
        let mut facts = vec![fact("Signed", self.when(signature.signed_at))];
        if signature.is_back_dated() {
            let entered = signature.recorded_at.map(|at| self.when(at)).unwrap_or_default();
            facts.push(fact("Entered later", entered));
        }
        let mut more = |label: &str, words: Option<String>| facts.extend(words.map(|words| fact(label, words)));
        more("Relationship", signature.relationship.clone());
        more("By right as", signature.authority_kind.map(|kind| kind.as_str().replace('_', " ")));
        more("Authority or qualification", signature.authority.clone());
        more("Language", signature.language.clone());
        more("Capacity", signature.capacity.map(|finding| finding.as_str().to_owned()));
        more("Found", signature.statement.as_ref().map(found));
        more("Signed by", Some(signature.method.as_str().replace("reauth", "password or PIN")));
        if signature.document_sha256 != self.consent.document_sha256 {
            more("Bound to", Some(format!("another document: {}", signature.document_sha256)));
        }
        let drawing = signature.image.as_deref().and_then(drawing::read);
        Signed {
            name: signature.name.clone(),
            meaning: format!("{} ({role})", signature.role.meaning()),
            facts,
            drawing,
        }
    }

    fn amendments(&self, blocks: &mut Vec<Block>) {
        let mut facts = vec![fact("Presented", self.when(self.consent.drafted.1))];
        if let Some(validity) = self.consent.validity {
            facts.push(fact("In force from", self.when(validity.from)));
            facts.push(fact("Valid until", self.when(validity.until)));
        }
        match &self.consent.ending {
            Some(Ending::Superseded { at, by }) => facts.push(fact("Replaced", format!("{} by {by}", self.when(*at)))),
            Some(Ending::Voided { at, reason }) => {
                facts.push(fact("Taken back", format!("{}: {reason}", self.when(*at))));
            }
            Some(Ending::Expired { .. } | Ending::Withdrawn { .. }) | None => {}
        }
        for one in self.withdrawals {
            let reach = one.scope.as_str().replace('_', " ");
            let words = one.words.as_ref().map(|words| format!(": \"{words}\"")).unwrap_or_default();
            let (said, entered) = (self.when(one.said_at), self.when(one.recorded_at));
            let who = one.said_by.as_str();
            facts.push(fact("Withdrawn", format!("{reach}, said by the {who} {said}, entered {entered}{words}")));
        }
        blocks.push(Block::Section("What happened to it".to_owned()));
        blocks.push(Block::Facts(facts));
    }

    /// On the clinic's wall, and in the world's time.
    fn when(&self, at: Timestamp) -> String {
        let wall = at.to_jiff().to_zoned(self.zone.clone());
        format!("{} ({at})", wall.strftime("%-d %B %Y, %H:%M %Z"))
    }
}

/// What a capacity statement says.
fn found(statement: &CapacityStatement) -> String {
    let parts = [
        ("understands", statement.understands),
        ("appreciates", statement.appreciates),
        ("reasons", statement.reasons),
        ("expresses a choice", statement.expresses),
        ("no sedative that day", statement.unsedated),
    ];
    let part = |(what, is): &(&str, bool)| format!("{what}: {}", if *is { "yes" } else { "no" });
    let note = statement.note.as_ref().map(|note| format!("; {note}"));
    parts.iter().map(part).collect::<Vec<_>>().join(", ") + &note.unwrap_or_default()
}
