#!/usr/bin/env python3
"""Independent check of redaction, with nothing of tamis but its binary and the files that it leaves.

    redaction.py TAMIS PIPELINE TEXTS.jsonl

The texts are written as JSONL (with and without escapes, plain and compressed) and as Parquet, and redacted twice: with
placeholders, and with pseudonyms of a key. What is written must be the original with the findings' spans replaced and
nothing else changed, every line must parse, a second scan must find nothing, and one value must have one pseudonym in every
shard, format and run.
"""
import collections, gzip, io, json, pathlib, re, subprocess, sys, tempfile
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

tamis, pipeline, texts = sys.argv[1:4]
texts = [json.loads(line)["text"] for line in open(texts, encoding="utf-8")]
work = pathlib.Path(tempfile.mkdtemp(prefix="redaction"))
problems = collections.Counter()
said = collections.defaultdict(set)


def problem(what, detail=""):
    problems[what] += 1
    if problems[what] <= 5:
        print(f"problem: {what} {detail}")


def write_input(folder):
    folder.mkdir()
    shards = {"plain.jsonl": [], "escaped.jsonl.gz": [], "spaced.jsonl.zst": [], "columns.parquet": []}
    for n, text in enumerate(texts):
        record = {"id": str(n), "text": text, "source": f"s{n % 7}", "kept": {"a": [1, 2.50, None]}}
        name = list(shards)[n % 4]
        shards[name].append(record)
    lines = lambda records, **kw: "".join(json.dumps(r, **kw) + "\n" for r in records).encode()
    (folder / "plain.jsonl").write_bytes(lines(shards["plain.jsonl"], ensure_ascii=False))
    (folder / "escaped.jsonl.gz").write_bytes(gzip.compress(lines(shards["escaped.jsonl.gz"], ensure_ascii=True)))
    spaced = lines(shards["spaced.jsonl.zst"], ensure_ascii=False, separators=(" ,\t", " : "))
    (folder / "spaced.jsonl.zst").write_bytes(zstandard.compress(spaced))
    pq.write_table(pa.Table.from_pylist(shards["columns.parquet"]), folder / "columns.parquet", row_group_size=97)


def read(path):
    """The records of a shard, and for JSONL their lines."""
    if path.suffix == ".parquet":
        return [(r, None) for r in pq.read_table(path).to_pylist()]
    raw = path.read_bytes()
    if path.suffix == ".gz":
        raw = gzip.decompress(raw)
    if path.suffix == ".zst":
        raw = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(raw), read_across_frames=True).read()
    return [(json.loads(line), line) for line in raw.split(b"\n") if line.strip()]


def run(source, out, *more):
    command = [tamis, "run", pipeline, "--quiet", "--input", str(source), "--output", str(out), *more]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.returncode}: {done.stderr[-400:]}")


def findings(out, name):
    rows = collections.defaultdict(list)
    for f in pq.read_table(out / "findings" / f"{name}.findings.parquet").to_pylist():
        if f["detector"] == "pii":
            rows[f["row"]].append((f["start"], f["end"], f["code"]))
    return {row: sorted(spans) for row, spans in rows.items()}


TEXT_OF_LINE = re.compile(rb'"text"\s*:\s*"(?:[^"\\]|\\.)*"')


def check(source, out, replacement):
    """Every written record against its original; `replacement` is given each kind, original and written value."""
    spans_seen = 0
    for shard in sorted(source.iterdir()):
        before, after = read(shard), read(out / "data" / shard.name)
        spans_of = findings(out, shard.name)
        if len(before) != len(after):
            problem("records lost", shard.name)
        for row, ((old, old_line), (new, new_line)) in enumerate(zip(before, after)):
            annotation = new.pop("tamis")
            spans = spans_of.get(row, [])
            spans_seen += len(spans)
            if sorted({code for _, _, code in spans}) != sorted(annotation["pii"]):
                problem("annotation and findings differ", f"{shard.name} row {row}")
            original, written = old["text"].encode(), new["text"].encode()
            at = place = 0
            for start, end, code in spans:
                kept = original[at:start]
                if written[place : place + len(kept)] != kept:
                    problem("text outside the spans changed", f"{shard.name} row {row}")
                    break
                place += len(kept)
                tail = original[end : spans[spans.index((start, end, code)) + 1][0]] if (start, end, code) != spans[-1] else original[end:]
                length = replacement(code, original[start:end].decode(), written[place:].decode(errors="replace"), tail.decode())
                if length is None:
                    problem("not replaced as expected", f"{shard.name} row {row}: {code}")
                    break
                place, at = place + length, end
            else:
                if written[place:] != original[at:]:
                    problem("text outside the spans changed", f"{shard.name} row {row}")
            del old["text"], new["text"]
            if old != new:
                problem("another member changed", f"{shard.name} row {row}")
            if old_line is not None:
                cut = lambda line: TEXT_OF_LINE.sub(b"", line, count=1)
                if not cut(new_line).startswith(cut(old_line).rstrip().rstrip(b"}").rstrip()):
                    problem("bytes outside the text changed", f"{shard.name} row {row}")
    return spans_seen


def placeholder(code, original, written, tail):
    want = f"[{code.upper()}]"
    return len(want.encode()) if written.startswith(want) else None


pseudonyms = collections.defaultdict(set)


def pseudonym(code, original, written, tail):
    """The written value ends where the text that followed the original goes on."""
    end = written.find(tail) if tail else len(written)
    if end <= 0:
        return None
    value = written[:end]
    if value == original:
        return None
    pseudonyms[code, original].add(value)
    return len(value.encode())


source = work / "in"
write_input(source)
marked = work / "placeholders"
run(source, marked)
count = check(source, marked, placeholder)
run(marked / "data", work / "again")
for shard in sorted(source.iterdir()):
    for row, spans in findings(work / "again", shard.name).items():
        problem("left after placeholders", f"{shard.name} row {row}: {[code for _, _, code in spans]}")

key, other = work / "key", work / "other-key"
key.write_bytes(bytes(range(32)))
other.write_bytes(bytes(range(1, 33)))
settings = ["--set", 'policy.pii.default={action="redact",replace="pseudonym"}', "--set"]
named = work / "pseudonyms"
run(source, named, *settings, f"output.pseudonym_key={key}")
check(source, named, pseudonym)
run(named / "data", work / "named-again")
for shard in sorted(source.iterdir()):
    for row, spans in findings(work / "named-again", shard.name).items():
        problem("left after pseudonyms", f"{shard.name} row {row}: {[code for _, _, code in spans]}")
ambiguous = [pair for pair, values in pseudonyms.items() if len(values) > 1]
if ambiguous:
    problem("one value has several pseudonyms", f"{len(ambiguous)} values")
run(source, work / "same-key", *settings, f"output.pseudonym_key={key}", "--threads", "1")
run(source, work / "other-out", *settings, f"output.pseudonym_key={other}")
for shard in sorted(source.iterdir()):
    one, same, different = ((work / d / "data" / shard.name).read_bytes() for d in ("pseudonyms", "same-key", "other-out"))
    if one != same:
        problem("two runs with one key differ", shard.name)
    if one == different:
        problem("two keys give the same", shard.name)

print(f"redaction: {len(texts)} texts, {count} spans, {len(pseudonyms)} different values, {sum(problems.values())} problems")
sys.exit(bool(problems))
