#!/usr/bin/env python3
"""Independent check of a finished run's accounting, with pandas-level tools only: nothing here uses tamis itself.

    accounting.py OUT INPUT TRUTH.jsonl

Every input row has one verdict in order, kept rows are the output's, the ledger is the group-by of the verdicts, the
source rule holds in whole numbers, every file stands in the manifest with its sha256, and the root hash in _SUCCESS is
that of the manifest's list. With the truth: every bad record was found and no clean one was, and so was
every planted piece of personal information.
"""
import collections, gzip, hashlib, io, json, pathlib, sys
import pyarrow.parquet as pq
import zstandard

out, source, truth = map(pathlib.Path, sys.argv[1:4])
problems = []


def lines(path):
    if path.suffix == ".gz":
        handle = gzip.open(path, "rb")
    elif path.suffix == ".zst":
        handle = zstandard.ZstdDecompressor().stream_reader(open(path, "rb"), read_across_frames=True)
    else:
        handle = open(path, "rb")
    return [line for line in io.BufferedReader(handle).read().split(b"\n") if line.strip()]


def count(path):
    return pq.ParquetFile(path).metadata.num_rows if path.suffix == ".parquet" else len(lines(path))


verdicts = []
for shard in sorted(p for p in source.rglob("*") if p.is_file()):
    path = shard.relative_to(source)
    rows = pq.read_table(out / "verdicts" / f"{path}.verdicts.parquet").to_pylist()
    if [r["row"] for r in rows] != list(range(count(shard))):
        problems.append(f"{path}: verdict rows are not the input's rows in order")
    if count(out / "data" / path) != sum(r["outcome"] == "kept" for r in rows):
        problems.append(f"{path}: kept verdicts and output rows differ in number")
    verdicts += rows

sources = collections.defaultdict(lambda: [0, 0, 0, 0])
for r in verdicts:
    tally = sources[r["source"]]
    tally[0] += 1
    tally[1] += r["outcome"] != "quarantined"
    tally[2] += any(not code.startswith("A5") for code in r["risks"])
    tally[3] += r["outcome"] == "kept"
for entry in pq.read_table(out / "ledger" / "sources.parquet").to_pylist():
    records, examined, unqualified, kept = sources.pop(entry["source"], [0, 0, 0, 0])
    if [entry["records"], entry["examined"], entry["unqualified"]] != [records, examined, unqualified]:
        problems.append(f"source {entry['source']!r}: the ledger is not the group-by of the verdicts")
    rejected = 100 * unqualified > 5 * examined
    if (entry["verdict"] == "rejected") != rejected or (rejected and kept):
        problems.append(f"source {entry['source']!r}: {unqualified}/{examined} {entry['verdict']}, {kept} kept")
problems += [f"source {name!r} is not in the ledger" for name in sources]

run = json.loads((out / "manifest/run.json").read_text())
listed = {s["name"]: s["digest"]["sha256"] for s in run["subject"]}
folders = ("data", "tags", "findings", "verdicts", "rejected", "ledger", "manifest/shards")
present = {str(p.relative_to(out)) for f in folders for p in (out / f).rglob("*") if p.is_file()}
problems += [f"{name}: in only one of manifest and folder" for name in sorted(present ^ listed.keys())]
for name in sorted(present & listed.keys()):
    if hashlib.sha256((out / name).read_bytes()).hexdigest() != listed[name]:
        problems.append(f"{name}: wrong sha256")
root = hashlib.sha256("".join(f"{listed[name]}  {name}\n" for name in sorted(listed)).encode()).hexdigest()
if (out / "_SUCCESS").read_text().strip() != root:
    problems.append("_SUCCESS does not hold the root hash")

found = {(r["source"], r["id"]): (r["risks"], r["pii"]) for r in verdicts}
# Planted addresses are of the ranges kept for documentation, which are reported only where a pipeline asks for them.
documentation = {"email", "ip"}
for line in truth.open(encoding="utf-8"):
    record = json.loads(line)
    risks = [record["risk"]] if record["bad"] else []
    want = (risks, [span["type"] for span in record.get("pii", []) if span["type"] not in documentation])
    got = found.get((record["source"], record["id"]))
    if got != want:
        problems.append(f"record {record['id']}: expected {want}, got {got}")

print("\n".join(problems[:40]))
print(f"accounting: {len(verdicts)} records, {len(listed)} files, {len(problems)} problems")
sys.exit(bool(problems))
