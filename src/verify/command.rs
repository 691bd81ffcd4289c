//! `chairside audit`: verify and export from the command line, without a server.

use super::{Checked, Outcome, verify_copy, verify_export, write_export};
use crate::domain::audit_entry::hex;
use crate::domain::checkpoint::{Checkpoint, Note, read_verifier_key};
use crate::domain::id::ClinicId;
use crate::store::{DatabaseCopy, DatabaseUrl};
use crate::witness;
use clap::{Args, Subcommand};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

/// What can be done with a trail away from the server.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Verify the trails in a copy of the database, or one trail in an export: 1 when something was tampered with
    Verify(VerifyArgs),
    /// Write one trail with its checkpoints and proofs as lines of JSON
    Export(ExportArgs),
}

/// What is verified, and against what.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// A copy of the database: `sqlite://FILE`, or `postgres://USER@HOST/DATABASE`
    #[arg(long, value_parser = DatabaseUrl::parse, required_unless_present = "export", conflicts_with = "export")]
    pub database_url: Option<DatabaseUrl>,
    /// Only this clinic's trail
    #[arg(long, conflicts_with = "export")]
    pub clinic: Option<uuid::Uuid>,
    /// An export
    #[arg(long)]
    pub export: Option<PathBuf>,
    /// Checkpoints that were kept elsewhere: the file of `--checkpoint-file`, or notes one after the other
    #[arg(long)]
    pub checkpoints: Option<PathBuf>,
    /// The verifier key of `GET /api/v1/audit/checkpoints`; without it signatures are not checked
    #[arg(long)]
    pub key: Option<String>,
}

/// What is exported.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// A copy of the database, or the database itself
    #[arg(long, value_parser = DatabaseUrl::parse)]
    pub database_url: DatabaseUrl,
    /// The clinic
    #[arg(long)]
    pub clinic: uuid::Uuid,
    /// The file to write
    #[arg(long)]
    pub out: PathBuf,
    /// Numbers of entries to prove
    #[arg(long, value_delimiter = ',')]
    pub prove: Vec<u32>,
}

/// Runs it. Gives back whether everything that was looked at is intact.
///
/// # Errors
/// When what was named cannot be used.
pub fn run(command: &AuditCommand, out: &mut impl Write) -> io::Result<bool> {
    match command {
        AuditCommand::Verify(args) => verify(args, out),
        AuditCommand::Export(args) => {
            let mut copy = DatabaseCopy::open(&args.database_url).map_err(io::Error::other)?;
            let mut file = BufWriter::new(File::create(&args.out)?);
            write_export(&mut copy, ClinicId(args.clinic), &args.prove, &mut file)?;
            file.flush()?;
            Ok(true)
        }
    }
}

fn verify(args: &VerifyArgs, out: &mut impl Write) -> io::Result<bool> {
    let key = args
        .key
        .as_deref()
        .map(|key| read_verifier_key(key).ok_or_else(|| io::Error::other("this is no verifier key")));
    let key = key.transpose()?.map(|(_, key)| key);
    let notes = args.checkpoints.as_deref().map(read_notes).transpose()?.unwrap_or_default();
    if let Some(export) = &args.export {
        let outcome = verify_export(BufReader::new(File::open(export)?), &notes, key.as_ref())?;
        return tell(out, "the export", &outcome);
    }
    let url = args.database_url.as_ref().ok_or_else(|| io::Error::other("name a database or an export"))?;
    let mut copy = DatabaseCopy::open(url).map_err(io::Error::other)?;
    let mut intact = true;
    for (clinic, outcome) in
        verify_copy(&mut copy, args.clinic.map(ClinicId), &notes, key.as_ref()).map_err(io::Error::other)?
    {
        intact &= tell(out, &format!("trail {clinic}"), &outcome)?;
    }
    Ok(intact)
}

fn read_notes(path: &Path) -> io::Result<Vec<Note>> {
    let text = std::fs::read_to_string(path)?;
    let notes = witness::notes(&text).map(|note| Checkpoint::read(&note)).collect::<Option<Vec<_>>>();
    notes.ok_or_else(|| io::Error::other("the file of checkpoints holds something else"))
}

fn tell(out: &mut impl Write, what: &str, outcome: &Outcome<Checked>) -> io::Result<bool> {
    match outcome {
        Ok(Checked { size, root, sealed, .. }) => {
            writeln!(out, "{what}: intact: {size} entries, {sealed} of them signed; root {}", hex(root))?;
            Ok(true)
        }
        Err(finding) => {
            writeln!(out, "{what}: {finding}")?;
            Ok(false)
        }
    }
}
