//! Policies: versions that are added and never changed.

use super::column::Json;
use super::error::{Result, StoreError};
use super::schema::protocols::policies;
use super::transaction::{Change, Gather};
use crate::domain::event::Event;
use crate::domain::id::{ClinicId, PolicyId, StaffId};
use crate::domain::policy::{Policy, Rules, ScoreSet, Setting};
use crate::domain::protocol::{Protocol, migraine_iv, migraine_nebulized};
use crate::domain::record::Record;
use crate::domain::time::Timestamp;
use diesel::dsl::max;
use diesel::prelude::*;
use std::collections::{BTreeMap, HashMap};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = policies)]
struct Row {
    clinic_id: ClinicId,
    id: PolicyId,
    version: i64,
    effective_at: Timestamp,
    approved_at: Timestamp,
    approved_by: Option<StaffId>,
    reason: Option<String>,
    score_set: ScoreSet,
    settings: Json,
}

/// Settings by group and name, as they are kept.
type Settings = BTreeMap<String, BTreeMap<String, i64>>;

impl Row {
    fn of(clinic_id: ClinicId, policy: &Policy) -> Result<Self> {
        let mut settings = Settings::new();
        for setting in Rules::TABLE {
            let group = settings.entry(setting.group.to_owned()).or_default();
            group.insert(setting.name.to_owned(), policy.rules.get(setting));
        }
        Ok(Self {
            clinic_id,
            id: policy.id,
            version: policy.version,
            effective_at: policy.effective_at,
            approved_at: policy.approved_at,
            approved_by: policy.approved_by,
            reason: policy.reason.clone(),
            score_set: policy.score_set,
            settings: Json::of(&settings)?,
        })
    }

    /// A setting that did not exist when the version was approved has its default.
    fn into_policy(self) -> Result<Policy> {
        let mut rules = Rules::seeded();
        for (group, settings) in self.settings.read::<Settings>()? {
            for (name, value) in settings {
                if let Some(setting) = Setting::find(&group, &name) {
                    rules.set(setting, value);
                }
            }
        }
        let Self { id, version, effective_at, approved_at, approved_by, reason, score_set, .. } = self;
        Ok(Policy { id, version, effective_at, approved_at, approved_by, reason, score_set, rules })
    }
}

impl Gather<'_> {
    /// The policy in force now: the highest version whose time has come.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a clinic that was never set up.
    pub fn policy(&mut self) -> Result<Policy> {
        let row: Row = policies::table
            .filter(policies::clinic_id.eq(self.clinic()))
            .filter(policies::effective_at.le(self.now()))
            .order(policies::version.desc())
            .select(Row::as_select())
            .first(self.connection)?;
        row.into_policy()
    }

    /// A version by its id, in force or not: what a session, an order or a protocol pinned.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn policy_version(&mut self, id: PolicyId) -> Result<Policy> {
        let row: Row = policies::table.find((self.clinic(), id)).select(Row::as_select()).first(self.connection)?;
        row.into_policy()
    }

    /// Versions by their ids.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn policy_versions(&mut self, ids: &[PolicyId]) -> Result<HashMap<PolicyId, Policy>> {
        let rows: Vec<Row> = policies::table
            .filter(policies::clinic_id.eq(self.clinic()))
            .filter(policies::id.eq_any(ids.to_vec()))
            .select(Row::as_select())
            .load(self.connection)?;
        rows.into_iter().map(|row| Ok((row.id, row.into_policy()?))).collect()
    }

    /// The newest version's number, whether it counts yet or not.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn newest_policy_number(&mut self) -> Result<i64> {
        let of_clinic = policies::table.filter(policies::clinic_id.eq(self.clinic()));
        Ok(of_clinic.select(max(policies::version)).first::<Option<i64>>(self.connection)?.unwrap_or(0))
    }
}

impl Gather<'_> {
    /// The canonical records of the versions of these ids, each with the settings that were kept with it.
    pub(super) fn policy_records(&mut self, ids: &[PolicyId]) -> Result<Vec<(PolicyId, Record)>> {
        let rows = by_id!(self, policies, Row, ids);
        let record = |row: Row| {
            let kept: Settings = row.settings.read()?;
            let known = |group: &str, name: &str| Setting::find(group, name).is_some();
            if !kept.iter().all(|(group, names)| names.keys().all(|name| known(group, name))) {
                return Err(StoreError::Broken("a policy has a setting that never was".into()));
            }
            let has = |setting: &Setting| kept.get(setting.group).is_some_and(|names| names.contains_key(setting.name));
            let policy = row.into_policy()?;
            Ok((policy.id, policy.record_of(has)))
        };
        rows.into_iter().map(record).collect()
    }
}

impl Change<'_> {
    /// Adds a version.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when its number is taken.
    pub fn insert_policy(&mut self, policy: &Policy) -> Result<()> {
        let row = Row::of(self.clinic(), policy)?;
        diesel::insert_into(policies::table).values(row).execute(self.connection)?;
        Ok(())
    }

    /// What a new clinic starts with: the default policy, in force, and both protocols as drafts that wait for its
    /// medical director. The clinic is named, because the host sets it up from outside.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the clinic has them already.
    pub fn seed_policy_and_protocols(&mut self, clinic: ClinicId) -> Result<Vec<Event>> {
        let policy = Policy::seeded(self.new_id(), self.now());
        diesel::insert_into(policies::table).values(Row::of(clinic, &policy)?).execute(self.connection)?;
        let mut events = vec![policy.approved()];
        for text in [migraine_iv(), migraine_nebulized()] {
            let (draft, event) = Protocol::draft(self.new_id(), 1, None, self.now(), text)?;
            self.insert_protocol_of(clinic, &draft)?;
            events.push(event);
        }
        Ok(events)
    }
}
