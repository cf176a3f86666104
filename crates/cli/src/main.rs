//! `tamis`: filters training data by 31 content risks, judges every source, and proves what it did.

mod arguments;
mod commands;
mod numbers;
mod progress;
mod redone;
mod summary;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Color};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    set_color(arguments.color);
    quiet_panics();
    let outcome = std::panic::catch_unwind(move || commands::dispatch(arguments));
    match outcome {
        Ok(Ok(code)) => ExitCode::from(code),
        Ok(Err(failure)) => {
            anstream::eprintln!(
                "{}error:{} {}",
                commands::ERROR.render(),
                commands::ERROR.render_reset(),
                failure.error
            );
            ExitCode::from(failure.code)
        }
        Err(_) => ExitCode::from(4),
    }
}

fn set_color(color: Color) {
    match color {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
}

/// A panic's message may quote a record, so only its place is told; those inside a shard are told with the shard.
fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        if let Some(line) = tamis_pipeline::panic_line(panic) {
            anstream::eprintln!("{line}");
        }
    }));
}
