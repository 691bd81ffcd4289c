//! `.env.example` and `docs/configuration.md` are made from the command line's own declarations, so they cannot lie.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chairside::cli::Cli;
use clap::CommandFactory as _;

use crate::architecture::source::root;

/// One setting: its flag, what it means, its default.
struct Setting {
    flag: String,
    help: String,
    default: String,
}

fn settings() -> BTreeMap<String, Setting> {
    let mut found = BTreeMap::new();
    for command in Cli::command().get_subcommands() {
        for argument in command.get_arguments() {
            let Some(name) = argument.get_env() else { continue };
            let defaults: Vec<_> = argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
            let is_switch = !argument.get_action().takes_values();
            let setting = Setting {
                flag: argument.get_long().map(|flag| format!("--{flag}")).unwrap_or_default(),
                help: argument.get_help().map(ToString::to_string).unwrap_or_default(),
                default: if is_switch { "false".into() } else { defaults.join(",") },
            };
            found.entry(name.to_string_lossy().into_owned()).or_insert(setting);
        }
    }
    found
}

fn example() -> String {
    let mut text = String::from(
        "# Every setting of chairside with its default. Copy to .env (docker compose), or to the file that\n\
         # contrib/chairside.service names. Flags win over these, these over the defaults.\n\n\
         # For docker-compose.yml only: the database's password.\n#POSTGRES_PASSWORD=\n",
    );
    for (name, setting) in settings() {
        let _ = write!(text, "\n# {}.\n#{name}={}\n", setting.help, setting.default);
    }
    text
}

fn table() -> String {
    let mut text = String::from(
        "# Configuration\n\nEvery setting of the server. Flags win over the environment, the environment over the defaults.\n\n\
         | environment | flag | default | meaning |\n| --- | --- | --- | --- |\n",
    );
    for (name, setting) in settings() {
        let _ = writeln!(text, "| `{name}` | `{}` | `{}` | {} |", setting.flag, setting.default, setting.help);
    }
    text
}

#[test]
fn the_documents_of_the_settings_are_what_the_command_line_declares() {
    assert!(settings().contains_key("DATABASE_URL"), "the settings were not read");
    for (file, made) in [(".env.example", example()), ("docs/configuration.md", table())] {
        let path = root().join(file);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(&path, &made).expect("the document is written");
        }
        assert_eq!(
            std::fs::read_to_string(&path).unwrap_or_default(),
            made,
            "{file}: run with UPDATE=1 and look at the diff"
        );
    }
}
