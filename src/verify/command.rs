//! `chairside audit`: verify, export, prove and erase from the command line.

use super::{Checked, Given, Outcome, Range, Verdict, prove, read_proof, verify_copy, verify_export, write_export};
use crate::access::notary;
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
    /// Verify trails and records in a copy of the database, one trail in an export, or one entry in a proof
    ///
    /// Exit code 0: intact; 1: something was tampered with; 2: what was named cannot be used.
    Verify(VerifyArgs),
    /// Write one trail with its checkpoints and proofs as lines of JSON; no names and no values
    Export(ExportArgs),
    /// Write the proof of one entry, in a file that can be verified by itself
    Prove(ProveArgs),
    /// Erase the detail of an entry: its list of patients. The entry stays, and a new one says what was erased and why
    EraseDetail(EraseArgs),
}

/// What is verified, and against what.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["database_url", "export", "proof"])))]
pub struct VerifyArgs {
    /// A copy of the database: `sqlite://FILE`, or `postgres://USER@HOST/DATABASE`
    #[arg(long, value_parser = DatabaseUrl::parse)]
    pub database_url: Option<DatabaseUrl>,
    /// An export
    #[arg(long)]
    pub export: Option<PathBuf>,
    /// The proof of one entry
    #[arg(long)]
    pub proof: Option<PathBuf>,
    /// Only this clinic's trail
    #[arg(long, requires = "database_url")]
    pub clinic: Option<uuid::Uuid>,
    /// Only the trails, not the records they speak of
    #[arg(long, requires = "database_url")]
    pub no_records: bool,
    /// Checkpoints that were kept elsewhere: the file of `--checkpoint-file`, or notes one after the other
    #[arg(long)]
    pub since: Option<PathBuf>,
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
    /// The first entry to tell; of those before only the hash is written
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(i64).range(1..))]
    pub from: i64,
    /// The last entry to tell; of those behind only the hash is written
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..))]
    pub to: Option<i64>,
    /// Numbers of entries to prove
    #[arg(long, value_delimiter = ',')]
    pub prove: Vec<u32>,
}

/// What is proved.
#[derive(Debug, Args)]
pub struct ProveArgs {
    /// A copy of the database, or the database itself
    #[arg(long, value_parser = DatabaseUrl::parse)]
    pub database_url: DatabaseUrl,
    /// The clinic
    #[arg(long)]
    pub clinic: uuid::Uuid,
    /// The number of the entry
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..))]
    pub seq: i64,
}

/// What is erased.
#[derive(Debug, Args)]
pub struct EraseArgs {
    /// Its settings.
    #[command(flatten)]
    pub config: crate::config::Config,
    /// The clinic
    #[arg(long)]
    pub clinic: uuid::Uuid,
    /// The number of the entry
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..))]
    pub seq: i64,
    /// Why, in words that name nobody: they stand in the trail for ever
    #[arg(long)]
    pub reason: String,
}

/// Verifies, exports or proves. Gives back whether everything that was looked at is intact.
///
/// # Errors
/// When what was named cannot be used.
pub fn run(command: &AuditCommand, out: &mut impl Write) -> io::Result<bool> {
    match command {
        AuditCommand::Verify(args) => return verify(args, out),
        AuditCommand::Export(args) => {
            let mut copy = DatabaseCopy::open(&args.database_url).map_err(io::Error::other)?;
            let mut file = BufWriter::new(File::create(&args.out)?);
            let range = Range { from: args.from, to: args.to };
            write_export(&mut copy, ClinicId(args.clinic), range, &args.prove, &mut file)?;
            file.flush()?;
        }
        AuditCommand::Prove(args) => {
            let mut copy = DatabaseCopy::open(&args.database_url).map_err(io::Error::other)?;
            let proof = prove(&mut copy, ClinicId(args.clinic), args.seq).map_err(|error| match error {
                crate::store::StoreError::NotFound => io::Error::other("no checkpoint is about such an entry yet"),
                other => io::Error::other(other),
            })?;
            out.write_all(proof.as_bytes())?;
        }
        AuditCommand::EraseDetail(args) => crate::cli::erase::erase_detail(args)?,
    }
    Ok(true)
}

fn verify(args: &VerifyArgs, out: &mut impl Write) -> io::Result<bool> {
    let key = args
        .key
        .as_deref()
        .map(|key| read_verifier_key(key).ok_or_else(|| io::Error::other("this is no verifier key")));
    let key = key.transpose()?.map(|(_, key)| key);
    let notes = args.since.as_deref().map(read_notes).transpose()?.unwrap_or_default();
    if key.is_none() {
        writeln!(out, "signatures are not checked: no --key was given")?;
    }
    if let Some(proof) = &args.proof {
        return verify_proof(&std::fs::read_to_string(proof)?, key.as_ref(), out);
    }
    if let Some(export) = &args.export {
        let outcome = verify_export(BufReader::new(File::open(export)?), &notes, key.as_ref())?;
        return tell(out, "the export", &outcome);
    }
    let url = args.database_url.as_ref().ok_or_else(|| io::Error::other("name a database, an export or a proof"))?;
    let mut copy = DatabaseCopy::open(url).map_err(io::Error::other)?;
    let clinic = args.clinic.map(ClinicId);
    let given = Given { clinic, notes: &notes, key: key.as_ref(), records: !args.no_records };
    let verdicts = verify_copy(&mut copy, given).map_err(io::Error::other)?;
    if clinic.is_some_and(|clinic| !verdicts.iter().any(|verdict| verdict.clinic == clinic)) {
        return Err(io::Error::other("there is no trail of this clinic"));
    }
    let mut intact = true;
    for Verdict { clinic, outcome, records, unheld } in &verdicts {
        intact &= tell(out, &format!("trail {clinic}"), outcome)?;
        if outcome.is_ok() && !args.no_records && !clinic.0.is_nil() {
            writeln!(out, "trail {clinic}: {records} records are as it says")?;
        }
        if *unheld > 0 {
            writeln!(out, "trail {clinic}: {unheld} records are in a form that is no longer known: not checked")?;
        }
    }
    if !intact && !args.no_records && verdicts.iter().all(|verdict| verdict.records == 0) {
        writeln!(out, "records were not looked at: the trail itself has to be intact first")?;
    }
    Ok(intact)
}

fn verify_proof(text: &str, key: Option<&[u8; 32]>, out: &mut impl Write) -> io::Result<bool> {
    let Some((body, note)) = read_proof(text) else {
        writeln!(out, "the proof: proves nothing")?;
        return Ok(false);
    };
    if key.is_some_and(|key| !note.is_signed_by(key, |text, signature| notary::verify(key, text, signature))) {
        writeln!(out, "the proof: its checkpoint is not signed by the key")?;
        return Ok(false);
    }
    let Checkpoint { origin, size, .. } = &note.checkpoint;
    writeln!(out, "the proof: intact: one of the {size} entries of {origin}\n{body}")?;
    Ok(true)
}

fn read_notes(path: &Path) -> io::Result<Vec<Note>> {
    let text = std::fs::read_to_string(path)?;
    let notes = witness::notes(&text).map(|note| Checkpoint::read(&note)).collect::<Option<Vec<_>>>();
    let notes = notes.filter(|notes| !notes.is_empty());
    notes.ok_or_else(|| io::Error::other("the file of checkpoints holds none, or something else"))
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
