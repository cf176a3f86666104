//! The outputs depend on input, configuration and assets alone.

mod support;

use support::{assert_same_tree, folder, good_lines, root, run, write};

const WAYS: [&[&str]; 5] = [
    &["--threads", "2"],
    &["--threads", "4"],
    &["--threads", "3", "--set", "run.batch_rows=7"],
    &["--threads", "2", "--memory", "1MiB"],
    &["--threads", "1", "--set", "run.batch_rows=100000"],
];

#[test]
fn threads_batches_and_memory_change_no_byte() {
    let folder = folder();
    let input = root().join("examples/quickstart/data");
    let one = folder.path().join("one");
    assert_eq!(run(&input, &one, &["--threads", "1"]).0, 0);
    for (n, way) in WAYS.iter().enumerate() {
        let other = folder.path().join(n.to_string());
        assert_eq!(run(&input, &other, way).0, 0);
        assert_same_tree(&one, &other, &way.join(" "));
    }
}

#[test]
fn threads_share_one_large_shard_without_changing_a_byte() {
    let folder = folder();
    let (input, one, four) = (folder.path().join("in"), folder.path().join("one"), folder.path().join("four"));
    write(&input.join("x.jsonl"), good_lines(0..60_000));
    assert_eq!(run(&input, &one, &["--threads", "1"]).0, 0);
    assert_eq!(run(&input, &four, &["--threads", "4", "--set", "run.batch_rows=500"]).0, 0);
    assert_same_tree(&one, &four, "one shard, four threads");
}
