//! Reads the command line and runs the chosen command.

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    match chairside::cli::run(chairside::cli::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chairside: {error}");
            // What cannot be used is told apart from what was tampered with.
            if error.kind() == std::io::ErrorKind::InvalidInput { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}
