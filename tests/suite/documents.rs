//! Documents that repeat the code are made from it; `UPDATE=1 cargo test` writes them, without it they are compared.

use clap::CommandFactory as _;
use std::fmt::Write as _;
use std::path::Path;

/// Compares a file with what it should be, or writes it.
#[track_caller]
pub fn assert_current(path: &str, expected: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, expected).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(found == expected, "{path} is not what the code says; run UPDATE=1 cargo test documents contract");
}

#[test]
fn the_configuration_table_is_the_command_lines_own() {
    let cli = chairside::cli::Cli::command();
    let serve = cli.find_subcommand("serve").unwrap();
    let mut table = String::from(
        "# Configuration\n\nEvery setting is a flag and an environment variable; the flag wins. `chairside serve --help` prints the same.\n\n\
         | flag | variable | default | meaning |\n|---|---|---|---|\n",
    );
    for setting in serve.get_arguments().filter(|setting| setting.get_id() != "help") {
        let flag = setting.get_long().unwrap();
        let variable = setting.get_env().unwrap_or_else(|| panic!("--{flag} has no variable")).to_string_lossy();
        let default: Vec<_> = setting.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
        let default = if default.is_empty() { "off".into() } else { default.join(" ") };
        let meaning = setting.get_help().unwrap_or_else(|| panic!("--{flag} has no help"));
        writeln!(table, "| `--{flag}` | `{variable}` | `{default}` | {meaning} |").unwrap();
    }
    assert_current("docs/configuration.md", &table);
}

#[test]
fn the_example_of_the_environment_names_every_setting() {
    let example = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(".env.example")).unwrap();
    let cli = chairside::cli::Cli::command();
    for setting in cli.find_subcommand("serve").unwrap().get_arguments() {
        if let Some(variable) = setting.get_env() {
            let variable = variable.to_string_lossy();
            assert!(example.contains(&format!("{variable}=")), ".env.example does not name {variable}");
        }
    }
}
