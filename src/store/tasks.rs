//! Work that waits for somebody.

use super::column::AnyId;
use super::error::{Result, StoreError};
use super::schema::alerts::tasks;
use super::transaction::{Change, Gather};
use crate::domain::event::Event;
use crate::domain::id::{ClinicId, PatientId, SessionId, StaffId, TaskId};
use crate::domain::task::{Task, TaskAudience, TaskCause, TaskKind};
use crate::domain::time::Timestamp;
use diesel::prelude::*;
use uuid::Uuid;

/// Which tasks a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskFilter {
    /// Whose lists; never empty for a signed-in person.
    pub audiences: Vec<TaskAudience>,
    /// Only of this kind.
    pub kind: Option<TaskKind>,
    /// Only due up to this instant.
    pub due_until: Option<Timestamp>,
    /// Done ones too.
    pub with_done: bool,
}

/// The last task of a page: its due time and id.
pub type TaskCursor = (i64, TaskId);

/// One page of tasks, the most urgent first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskPage {
    /// The tasks.
    pub items: Vec<Task>,
    /// Where the next page begins; none on the last.
    pub next: Option<TaskCursor>,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = tasks, treat_none_as_null = true)]
struct Row {
    clinic_id: ClinicId,
    id: TaskId,
    version: i64,
    kind: TaskKind,
    audience: TaskAudience,
    assignee_id: Option<StaffId>,
    acted_by: Option<StaffId>,
    subject_id: AnyId,
    session_id: Option<SessionId>,
    patient_id: Option<PatientId>,
    opened_at: Timestamp,
    due_at: Timestamp,
    done_by: Option<StaffId>,
    done_at: Option<Timestamp>,
    outcome: Option<String>,
}

impl Row {
    fn of(clinic_id: ClinicId, task: &Task) -> Self {
        let Task {
            id,
            kind,
            audience,
            assignee,
            acted_by,
            subject,
            session,
            patient,
            opened_at,
            due_at,
            done_by,
            done_at,
            outcome,
            version,
        } = task.clone();
        Self {
            clinic_id,
            id,
            version,
            kind,
            audience,
            assignee_id: assignee,
            acted_by,
            subject_id: AnyId(subject),
            session_id: session,
            patient_id: patient,
            opened_at,
            due_at,
            done_by,
            done_at,
            outcome,
        }
    }

    fn into_task(self) -> Task {
        let Self {
            id,
            version,
            kind,
            audience,
            assignee_id,
            acted_by,
            subject_id,
            session_id,
            patient_id,
            opened_at,
            due_at,
            done_by,
            done_at,
            outcome,
            ..
        } = self;
        Task {
            id,
            kind,
            audience,
            assignee: assignee_id,
            acted_by,
            subject: subject_id.0,
            session: session_id,
            patient: patient_id,
            opened_at,
            due_at,
            done_by,
            done_at,
            outcome,
            version,
        }
    }
}

impl Gather<'_> {
    /// The tasks of this clinic, the most urgent first, `limit` at a time.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn tasks(&mut self, of: &TaskFilter, after: Option<&TaskCursor>, limit: u16) -> Result<TaskPage> {
        let mut query = tasks::table
            .filter(tasks::clinic_id.eq(self.clinic()))
            .filter(tasks::audience.eq_any(of.audiences.clone()))
            .into_boxed();
        if let Some(kind) = of.kind {
            query = query.filter(tasks::kind.eq(kind));
        }
        if let Some(until) = of.due_until {
            query = query.filter(tasks::due_at.le(until));
        }
        if !of.with_done {
            query = query.filter(tasks::done_at.is_null());
        }
        if let Some((millis, id)) = after {
            let at = Timestamp::from_millis(*millis);
            query = query.filter(tasks::due_at.gt(at).or(tasks::due_at.eq(at).and(tasks::id.gt(*id))));
        }
        let mut rows: Vec<Row> = query
            .order((tasks::due_at, tasks::id))
            .limit(i64::from(limit) + 1)
            .select(Row::as_select())
            .load(self.connection)?;
        let more = rows.len() > usize::from(limit);
        rows.truncate(usize::from(limit));
        let next = rows.last().filter(|_| more).map(|row| (row.due_at.millis(), row.id));
        let patients: Vec<PatientId> = rows.iter().filter_map(|row| row.patient_id).collect();
        for patient in patients {
            self.saw(patient);
        }
        Ok(TaskPage { items: rows.into_iter().map(Row::into_task).collect(), next })
    }

    /// The open tasks about these visits.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn open_tasks_of(&mut self, sessions: &[SessionId]) -> Result<Vec<Task>> {
        let wanted: Vec<Option<SessionId>> = sessions.iter().copied().map(Some).collect();
        let rows: Vec<Row> = tasks::table
            .filter(tasks::clinic_id.eq(self.clinic()))
            .filter(tasks::session_id.eq_any(wanted))
            .filter(tasks::done_at.is_null())
            .order((tasks::due_at, tasks::id))
            .select(Row::as_select())
            .load(self.connection)?;
        Ok(rows.into_iter().map(Row::into_task).collect())
    }

    /// A task of this clinic.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn task(&mut self, id: TaskId) -> Result<Task> {
        let row: Row = tasks::table.find((self.clinic(), id)).select(Row::as_select()).first(self.connection)?;
        if let Some(patient) = row.patient_id {
            self.saw(patient);
        }
        Ok(row.into_task())
    }
}

impl Gather<'_> {
    /// The tasks of these ids.
    pub(super) fn tasks_by_id(&mut self, ids: &[TaskId]) -> Result<Vec<Task>> {
        let rows = by_id!(self, tasks, Row, ids);
        Ok(rows.into_iter().map(Row::into_task).collect())
    }
}

impl Change<'_> {
    /// Puts work on somebody's list, unless the same is waiting already.
    ///
    /// # Errors
    /// When the database says no.
    pub fn open_task(&mut self, cause: TaskCause) -> Result<Option<Event>> {
        let waiting = tasks::table
            .filter(tasks::clinic_id.eq(self.clinic()))
            .filter(tasks::kind.eq(cause.kind))
            .filter(tasks::subject_id.eq(AnyId(cause.subject)))
            .filter(tasks::done_at.is_null());
        if diesel::select(diesel::dsl::exists(waiting)).get_result(self.connection)? {
            return Ok(None);
        }
        let (task, event) = Task::open(self.new_id(), cause, self.now());
        diesel::insert_into(tasks::table).values(Row::of(self.clinic(), &task)).execute(self.connection)?;
        Ok(Some(event))
    }

    /// What the task waited for has happened: takes it off the list, if it is there.
    ///
    /// # Errors
    /// When the database says no.
    pub fn finish_task(&mut self, kind: TaskKind, subject: impl Into<Uuid>, outcome: &str) -> Result<Option<Event>> {
        let row: Option<Row> = tasks::table
            .filter(tasks::clinic_id.eq(self.clinic()))
            .filter(tasks::kind.eq(kind))
            .filter(tasks::subject_id.eq(AnyId(subject.into())))
            .filter(tasks::done_at.is_null())
            .select(Row::as_select())
            .first(self.connection)
            .optional()?;
        let Some(row) = row else { return Ok(None) };
        let (task, event) = row.into_task().done(self.person()?.staff, Some(outcome), self.now())?;
        self.update_task(&task)?;
        Ok(Some(event))
    }

    /// Keeps a changed task, one version ahead of what is there.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when somebody changed it since.
    pub fn update_task(&mut self, task: &Task) -> Result<()> {
        let row = tasks::table.find((self.clinic(), task.id));
        let changed = diesel::update(row.filter(tasks::version.eq(task.version - 1)))
            .set(Row::of(self.clinic(), task))
            .execute(self.connection)?;
        if changed == 0 {
            let current_version = row.select(tasks::version).first(self.connection)?;
            return Err(StoreError::Stale { current_version });
        }
        Ok(())
    }
}
