//! What a run shows while it works: a bar on a terminal, plain lines elsewhere. All on standard error.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tamis_pipeline::{LedgerNews, Observer, Pass, Redo};
use tamis_shard::BadShard;

use crate::numbers::{bytes, count};
use crate::redone::{Redone, ledger_line};

/// How often a plain line is printed.
const PLAIN_INTERVAL: Duration = Duration::from_secs(10);

/// Draws a run's progress.
pub struct Progress {
    quiet: bool,
    terminal: bool,
    now: Mutex<PassState>,
    set_aside: AtomicU64,
}

/// The pass at work.
struct PassState {
    bar: ProgressBar,
    started: Instant,
    printed: Instant,
    stored_bytes: u64,
    stored_done: u64,
    rows: u64,
    text_bytes: u64,
    shards_done: usize,
    shards_again: usize,
    shards: usize,
    redone: Redone,
    ledger: Option<LedgerNews>,
}

impl Progress {
    /// Shows nothing but trouble where `quiet` is true.
    pub fn new(quiet: bool) -> Self {
        let now = Mutex::new(PassState::new(0, 0));
        Self { quiet, terminal: std::io::stderr().is_terminal(), now, set_aside: AtomicU64::new(0) }
    }

    /// Shards set aside so far, by this run or before it.
    pub fn set_aside(&self) -> u64 {
        self.set_aside.load(Ordering::Relaxed)
    }

    fn with<T>(&self, act: impl FnOnce(&mut PassState) -> T) -> T {
        act(&mut self.now.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A line of its own, above the bar where there is one.
    fn line(&self, text: &str) {
        self.with(|now| now.bar.suspend(|| anstream::eprintln!("{text}")));
    }
}

impl PassState {
    fn new(shards: usize, stored_bytes: u64) -> Self {
        let now = Instant::now();
        Self {
            bar: ProgressBar::hidden(),
            started: now,
            printed: now,
            stored_bytes,
            stored_done: 0,
            rows: 0,
            text_bytes: 0,
            shards_done: 0,
            shards_again: 0,
            shards,
            redone: Redone::default(),
            ledger: None,
        }
    }

    fn line(&self, pass: Pass) -> String {
        let seconds = self.started.elapsed().as_secs_f64().max(1e-3);
        let mut line =
            format!("{:<5} {} of {} shards, {} rows", pass.name(), self.shards_done, self.shards, count(self.rows));
        if self.text_bytes > 0 {
            let rate = (self.text_bytes as f64 / seconds) as u64;
            line.push_str(&format!(", {} of text, {}/s", bytes(self.text_bytes), bytes(rate)));
        }
        let left = self.stored_bytes.saturating_sub(self.stored_done);
        if self.stored_done > 0 && left > 0 {
            line.push_str(&format!(", {:.0} s left", seconds * left as f64 / self.stored_done as f64));
        }
        line
    }
}

impl Observer for Progress {
    fn pass_started(&self, pass: Pass, shards: usize, stored_bytes: u64) {
        self.with(|now| {
            *now = PassState::new(shards, stored_bytes);
            if self.terminal && !self.quiet && stored_bytes > 0 {
                now.bar = ProgressBar::with_draw_target(Some(stored_bytes), ProgressDrawTarget::stderr_with_hz(8));
                let style = ProgressStyle::with_template("{prefix:<5} {bar:28} {percent:>3} %  {msg}  {eta} left");
                now.bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
                now.bar.set_prefix(pass.name());
                now.bar.enable_steady_tick(Duration::from_millis(250));
            }
        });
    }

    fn rows_done(&self, pass: Pass, rows: u64, text_bytes: u64) {
        self.with(|now| {
            now.rows += rows;
            now.text_bytes += text_bytes;
            let seconds = now.started.elapsed().as_secs_f64().max(1e-3);
            if !now.bar.is_hidden() {
                let rate = match now.text_bytes {
                    0 => String::new(),
                    total => format!(", {}/s", bytes((total as f64 / seconds) as u64)),
                };
                now.bar.set_message(format!("{} rows{rate}", count(now.rows)));
            } else if !self.quiet && !self.terminal && now.printed.elapsed() >= PLAIN_INTERVAL {
                now.printed = Instant::now();
                anstream::eprintln!("{}", now.line(pass));
            }
        });
    }

    fn shard_redone(&self, pass: Pass, path: &str, why: &Redo) {
        self.with(|now| now.redone.add(pass, path, why));
    }

    fn ledger_done(&self, news: &LedgerNews) {
        self.with(|now| now.ledger = Some(news.clone()));
    }

    fn shard_done(&self, _: Pass, _: &str, stored_bytes: u64, again: bool) {
        self.with(|now| {
            now.shards_done += 1;
            now.shards_again += usize::from(again);
            now.stored_done += stored_bytes;
            now.bar.set_position(now.stored_done);
        });
    }

    fn shard_set_aside(&self, path: &str, reason: &BadShard) {
        self.set_aside.fetch_add(1, Ordering::Relaxed);
        self.line(&format!("shard set aside: {path}: {reason}"));
    }

    fn shard_still_aside(&self, _: &str) {
        self.set_aside.fetch_add(1, Ordering::Relaxed);
    }

    fn notice(&self, text: &str) {
        if !self.quiet {
            self.line(&format!("note: {text}"));
        }
    }

    fn pass_finished(&self, pass: Pass) {
        self.with(|now| {
            now.bar.finish_and_clear();
            if self.quiet {
                return;
            }
            let standing = now.shards_done - now.shards_again;
            let seconds = now.started.elapsed().as_secs_f64();
            let rate = match now.text_bytes {
                0 => String::new(),
                total => format!(", {}/s of text", bytes((total as f64 / seconds.max(1e-3)) as u64)),
            };
            anstream::eprintln!("{:<5} {} rows in {seconds:.1} s{rate}", pass.name(), count(now.rows));
            let said = [now.redone.line(pass, standing), now.ledger.as_ref().and_then(ledger_line)];
            said.iter().flatten().for_each(|line| anstream::eprintln!("{line}"));
        });
    }
}
