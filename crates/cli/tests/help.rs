//! The words that a user meets first, as they are printed. `INSTA_UPDATE=always cargo test -p tamis --test help` takes
//! over a wanted change.

mod support;

use support::{folder, library, tamis};

fn stdout(arguments: &[&str]) -> String {
    let got = tamis(arguments);
    assert_eq!(got.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&got.stderr));
    assert!(got.stderr.is_empty(), "{arguments:?} prints to standard output alone");
    String::from_utf8(got.stdout).expect("UTF-8")
}

#[test]
fn help_is_what_it_was() {
    insta::assert_snapshot!("tamis", stdout(&["--help"]));
    insta::assert_snapshot!("run", stdout(&["run", "-h"]));
    insta::assert_snapshot!("explain", stdout(&["explain", "-h"]));
    insta::assert_snapshot!("verify", stdout(&["verify", "-h"]));
    insta::assert_snapshot!("keywords-lint", stdout(&["keywords", "lint", "-h"]));
}

#[test]
fn the_passes_take_what_a_run_takes() {
    let options = |command: &str| {
        let help = stdout(&[command, "--help"]);
        help.split_once("Options:").map(|(_, options)| options.to_string())
    };
    let run = options("run");
    assert!(run.is_some());
    for pass in ["tag", "judge", "emit"] {
        assert_eq!(options(pass), run, "{pass}");
    }
}

#[test]
fn a_library_is_counted_by_risk_language_and_level() {
    let folder = folder();
    let library = library(folder.path()).display().to_string();
    let text = stdout(&["keywords", "stats", &library]);
    let (head, table) = text.split_once('\n').expect("a heading");
    assert!(head.starts_with("tiny 1 (digest "), "{head}");
    insta::assert_snapshot!(table, @r"

      risk    entries       en   enforce  advisory
      A1d           1        1         1         0
      all           1
    ");
}

#[test]
fn a_shell_gets_its_completions() {
    for (shell, mark) in [("bash", "_tamis()"), ("zsh", "#compdef tamis"), ("fish", "complete -c tamis")] {
        let script = stdout(&["completions", shell]);
        assert!(script.contains(mark), "{shell}");
        assert!(script.contains("dry-run"), "{shell}: options are completed");
    }
}
