//! Tasks: work that waits for somebody, on one list.

use super::extract::{Act, Id, Query};
use super::page::{self, Cursors};
use super::reply::{self, Answer};
use super::{Endpoint, endpoints};
use crate::access::permission::{DoTask, ReadTasks};
use crate::access::permit::Permit;
use crate::access::role::{Role, Roles};
use crate::domain::id::{PatientId, SessionId, StaffId, TaskId};
use crate::domain::refusal::{Clash, Refusal};
use crate::domain::task::{Task, TaskAudience, TaskKind};
use crate::domain::time::Timestamp;
use crate::store::{Gather, Store, StoreError, TaskCursor, TaskFilter, Written};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Which tasks.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TaskQuery {
    /// Only of this kind.
    kind: Option<TaskKind>,
    /// Only due up to this instant.
    due: Option<Timestamp>,
    /// Done ones too.
    #[serde(default)]
    done: bool,
    /// Items a page.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    #[param(max_length = 500)]
    cursor: Option<String>,
}

/// What came of a task.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TaskOutcome, example = json!({"outcome": "the tablet was offline for 70 minutes"}))]
pub struct DoneBody {
    /// In the person's own words.
    #[schema(min_length = 1, max_length = 1000)]
    outcome: Option<String>,
}

/// One task.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Task)]
pub struct TaskView {
    id: TaskId,
    version: i64,
    kind: TaskKind,
    /// Whose list it is on.
    audience: TaskAudience,
    /// The one person it waits for.
    assignee_id: Option<StaffId>,
    /// Who did what it reviews: somebody else finishes it.
    acted_by: Option<StaffId>,
    /// The record it is about.
    #[schema(format = "uuid")]
    subject_id: Uuid,
    session_id: Option<SessionId>,
    patient_id: Option<PatientId>,
    opened_at: Timestamp,
    due_at: Timestamp,
    done_by: Option<StaffId>,
    done_at: Option<Timestamp>,
    outcome: Option<String>,
}

/// One page of tasks, the most urgent first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskPage)]
pub struct TaskPageView {
    items: Vec<TaskView>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

impl TaskView {
    fn of(task: Task) -> Self {
        Self {
            id: task.id,
            version: task.version,
            kind: task.kind,
            audience: task.audience,
            assignee_id: task.assignee,
            acted_by: task.acted_by,
            subject_id: task.subject,
            session_id: task.session,
            patient_id: task.patient,
            opened_at: task.opened_at,
            due_at: task.due_at,
            done_by: task.done_by,
            done_at: task.done_at,
            outcome: task.outcome,
        }
    }
}

/// The lists somebody with these roles works on; a prescriber holds every permission of a nurse (decisions.md 11).
fn audiences(roles: &Roles) -> Vec<TaskAudience> {
    let lists = [
        (TaskAudience::Prescriber, &[Role::Prescriber][..]),
        (TaskAudience::Nurse, &[Role::Nurse, Role::Prescriber]),
        (TaskAudience::FrontDesk, &[Role::FrontDesk]),
        (TaskAudience::Auditor, &[Role::Auditor]),
        (TaskAudience::Reviewer, &[Role::Prescriber, Role::Auditor]),
    ];
    lists.iter().filter(|(_, who)| roles.hold_any(who)).map(|(audience, _)| *audience).collect()
}

fn own_lists(tx: &Gather<'_>) -> Vec<TaskAudience> {
    tx.actor().map(|actor| audiences(actor.roles())).unwrap_or_default()
}

/// What waits for people like me, the most urgent first.
#[utoipa::path(get, path = "/api/v1/tasks", tag = "monitoring", operation_id = "tasks_list", summary = "List tasks",
    params(TaskQuery), responses((status = 200, description = "Tasks", body = TaskPageView)))]
pub async fn list(
    permit: Permit<ReadTasks>,
    query: Query<TaskQuery>,
    store: Data<Store>,
    cursors: Data<Cursors>,
) -> Answer {
    let TaskQuery { kind, due, done, limit, cursor } = query.0;
    let limit = page::limit(limit)?;
    let name = format!(
        "tasks/{}/{}/{done}",
        kind.map_or("", TaskKind::as_str),
        due.map_or_else(String::new, |due| due.to_string())
    );
    let after: Option<TaskCursor> = cursors.read(&name, cursor.as_deref())?;
    let found = store.read(permit, move |tx| {
        let filter = TaskFilter { audiences: own_lists(tx), kind, due_until: due, with_done: done };
        tx.tasks(&filter, after.as_ref(), limit)
    });
    let found = found.await?;
    let next_cursor = found.next.and_then(|last| cursors.write(&name, &last));
    reply::listed(&TaskPageView { items: found.items.into_iter().map(TaskView::of).collect(), next_cursor })
}

/// Takes a task off the list.
#[utoipa::path(post, path = "/api/v1/tasks/{id}/done", tag = "monitoring", operation_id = "tasks_done", summary = "Finish a task",
    params(("id" = TaskId, Path, description = "The task")), request_body = DoneBody,
    responses((status = 200, description = "The task now", body = TaskView)))]
pub async fn done(act: Act<DoTask, DoneBody>, Id(id): Id<TaskId>, store: Data<Store>) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        if let Some(patient) = tx.task(id)?.patient {
            tx.lock_patient(patient)?;
        }
        let task = tx.task(id)?;
        if !own_lists(tx).contains(&task.audience) {
            return Err(StoreError::NotFound);
        }
        let person = tx.person()?;
        // Under another sign-in it is the same human who reviews their own work.
        if let Some(actor) = task.acted_by
            && tx.is_same_human(actor, person)?
        {
            return Err(Refusal::clash(Clash::SamePerson, "somebody else reviews what you did").into());
        }
        let (task, event) = task.done(person.staff, body.outcome.as_deref(), tx.now())?;
        tx.update_task(&task)?;
        let reply = reply::ok(task.version, &TaskView::of(task))?;
        Ok(tx.record(vec![event], reply))
    });
    Ok(written.await?)
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded list, guarded done]
}
