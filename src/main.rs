//! Reads the command line and runs the chosen command.

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    match chairside::cli::run(chairside::cli::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chairside: {error}");
            ExitCode::FAILURE
        }
    }
}
